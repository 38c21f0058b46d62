import LedgerCore
import LedgerReport
import Testing

/// Takes the trace apart as a reader of protocol buffers does.
@Suite struct PerfettoTests {
  /// A field of a message: a number, or bytes.
  enum Field: Equatable {
    case number(UInt64)
    case bytes([UInt8])
  }

  struct Broken: Error {}

  static func fields(_ bytes: [UInt8]) throws -> [(number: UInt64, field: Field)] {
    var rest = bytes[...]
    var fields: [(UInt64, Field)] = []
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
        guard let byte = rest.popFirst() else { throw Broken() }
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
      }
      throw Broken()
    }
    while !rest.isEmpty {
      let key = try varint()
      switch key & 7 {
      case 0: fields.append((key >> 3, .number(try varint())))
      case 2:
        let length = Int(try varint())
        guard length <= rest.count else { throw Broken() }
        fields.append((key >> 3, .bytes(Array(rest.prefix(length)))))
        rest = rest.dropFirst(length)
      default: throw Broken()
      }
    }
    return fields
  }

  struct Message {
    let all: [(number: UInt64, field: Field)]
    init(_ bytes: [UInt8]) throws { all = try fields(bytes) }

    func number(_ wanted: UInt64) -> UInt64? {
      for case (wanted, .number(let value)) in all { return value }
      return nil
    }
    func text(_ wanted: UInt64) -> String? {
      for case (wanted, .bytes(let value)) in all { return String(decoding: value, as: UTF8.self) }
      return nil
    }
    func messages(_ wanted: UInt64) throws -> [Message] {
      try all.compactMap { row in
        guard row.number == wanted, case .bytes(let value) = row.field else { return nil }
        return try Message(value)
      }
    }
  }

  static func packets(_ analysis: Analysis) throws -> [Message] {
    var stream = ReportStream(format: .perfetto, captures: 1)
    stream.append(analysis)
    stream.finish()
    return try Message(stream.take()).messages(1)
  }

  @Test func everyEventHasItsTrack() throws {
    let packets = try Self.packets(HTMLReportTests.many(3))
    let tracks = try packets.flatMap { try $0.messages(60) }
    let known = Set(tracks.compactMap { $0.number(1) })
    #expect(known.count == tracks.count)
    let parents = Set(tracks.compactMap { $0.number(5) })
    #expect(parents.isSubset(of: known))
    let events = try packets.flatMap { try $0.messages(11) }
    #expect(!events.isEmpty)
    #expect(events.allSatisfy { known.contains($0.number(11) ?? 0) })
    let depth = events.reduce(0) { $0 + ($1.number(9) == 1 ? 1 : $1.number(9) == 2 ? -1 : 0) }
    #expect(depth == 0)
    #expect(packets.allSatisfy { $0.number(10) == 1 })
    #expect(packets.first?.number(13) == 1)
  }

  /// A number that must be there.
  static func must(_ message: Message, _ field: UInt64) throws -> UInt64 {
    guard let number = message.number(field) else { throw Broken() }
    return number
  }

  /// What trace_processor asks of a trace: one sequence that starts clean, times that never run back, descriptors
  /// before events, slices that nest, counters with values, nothing interned.
  @Test(arguments: [1, 40, 2500]) func aReaderFindsNoError(_ count: Int) throws {
    var analysis = HTMLReportTests.many(count)
    for index in analysis.findings.indices {
      analysis.findings[index].firstTime = UInt64((index * 7919) % 1000)
      analysis.findings[index].lastTime = UInt64((index * 7919) % 1000 + index % 3)
    }
    let packets = try Self.packets(analysis)
    var last: UInt64 = 0
    var counters: [UInt64: Bool] = [:]
    var depths: [UInt64: Int] = [:]
    for (index, packet) in packets.enumerated() {
      #expect(packet.number(10) == 1)
      #expect((packet.number(13) == 1) == (index == 0))
      #expect(try packet.messages(12).isEmpty, "interned data")
      for track in try packet.messages(60) {
        let id = try Self.must(track, 1)
        #expect(counters[id] == nil && id != 0)
        if let parent = track.number(5) { #expect(counters[parent] != nil) }
        #expect(track.text(2)?.isEmpty == false)
        counters[id] = try !track.messages(8).isEmpty
      }
      for event in try packet.messages(11) {
        let time = try Self.must(packet, 8)
        #expect(time >= last)
        last = time
        let track = try Self.must(event, 11)
        let kind = try Self.must(event, 9)
        #expect(counters[track] == (kind == 4))
        if kind == 4 { #expect(event.number(30) != nil) }
        if kind == 1 || kind == 3 { #expect(event.text(23)?.isEmpty == false) }
        if kind == 1 { depths[track, default: 0] += 1 }
        if kind == 2 { depths[track, default: 0] -= 1 }
        #expect((0...1).contains(depths[track] ?? 0))
      }
    }
    #expect(depths.values.allSatisfy { $0 == 0 } && !depths.isEmpty)
  }

  @Test func tracksAreNamed() throws {
    let names = try Self.packets(SampleAnalysis.full).flatMap { try $0.messages(60) }
      .compactMap { $0.text(2) }
    for part in ["findings", "blocks", "events of the evidence"] { #expect(names.contains(part)) }
    #expect(names.contains { $0.hasPrefix("PL010 ") })
    #expect(names.contains { $0.hasPrefix("block 0x") })
  }

  @Test func countsAreCounters() throws {
    var analysis = SampleAnalysis.full
    analysis.findings[0].evidence = [
      Evidence(
        time: 5, cpu: 0, pid: 1, comm: "a", event: "page_ref_mod", text: "val=-2",
        before: "live, count 1", after: "live, count -1")
    ]
    let packets = try Self.packets(analysis)
    let counter = try packets.flatMap { try $0.messages(11) }.first { $0.number(9) == 4 }
    #expect(counter?.number(30) == UInt64(bitPattern: -1))
  }
}
