import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

/// trace.dat files as few machines write them.
@Suite struct OddsTests {
  /// A host's clock with three samples for CPU 0 and one for CPU 1.
  static func shift(
    big: Bool = false, interpolates: Bool = true, fraction: UInt64? = 2
  ) -> [UInt8] {
    var out = Bytes()
    out.big = big
    out.put(UInt64(0x1234))
    out.put(UInt32(interpolates ? 1 : 0))
    out.put(UInt32(2))
    out.put(UInt32(3))
    for time in [1000, 2000, 4000] as [UInt64] { out.put(time) }
    for offset in [500, 700, -100] as [Int64] { out.put(offset) }
    for scaling in [4, 4, 6] as [UInt64] { out.put(fraction == nil ? 1 : scaling) }
    out.put(UInt32(1))
    out.put(UInt64(1000))
    out.put(Int64(-50))
    out.put(UInt64(1))
    if let fraction { for _ in 0..<4 { out.put(fraction) } }
    return out.data
  }

  private static func file(_ big: Bool, _ options: [(id: UInt16, data: [UInt8])]) -> TraceDatBuilder
  {
    var file = TraceDatBuilder()
    file.big = big
    for cpu in 0..<3 {
      var page = SubBufferBuilder(time: 900, big: big)
      for pfn in 0..<9 { page.free(pfn: UInt64(pfn), delta: 500) }
      file.cpus.append((cpu, [page.bytes]))
    }
    file.options = options
    return file
  }

  /// Options that change times, and whether trace-cmd takes them the same way.
  @Test(arguments: [6, 7], [false, true])
  func timesAgreeWithTraceCmd(version: Int, big: Bool) throws {
    var scale = Bytes()
    scale.big = big
    for value in [10, 3] as [UInt32] { scale.put(value) }
    scale.put(UInt64(77))
    let sets: [[(id: UInt16, data: [UInt8])]] = [
      [(12, Self.shift(big: big))], [(12, Self.shift(big: big, interpolates: false))],
      [(12, Self.shift(big: big, fraction: nil))], [(14, scale.data)],
      [(1, Array("0x1f\0".utf8)), (7, Array("-300\0".utf8))],
      [(12, Self.shift(big: big)), (14, scale.data), (7, Array("9\0".utf8))],
    ]
    for options in sets {
      let file = Self.file(big, options)
      let bytes = version == 6 ? file.version6 : file.version7
      let reading = try read(bytes)
      #expect(reading.events.count == 27 && reading.losses.isEmpty)
      let peer = try withFile(bytes) { run("trace-cmd", ["report", "-R", "-t", $0]) }
      guard let peer else { return print("skipped: trace-cmd is not installed") }
      let lines = peer.split(separator: 0x0a).compactMap { PeerLine($0) }
      #expect(lines.count == 27, "\(options.map(\.id))")
      let ours = reading.events.map { "\($0.time) \($0.cpu)" }
      #expect(
        ours.sorted() == lines.map { "\($0.time) \($0.cpu)" }.sorted(), "\(options.map(\.id))")
    }
  }

  @Test(arguments: [6, 7])
  func namesGuestsAndSkipsWhatIsUnknown(version: Int) throws {
    let file = Self.file(
      false, [(13, Array("vm1\0".utf8)), (13, Array("vm2\0".utf8)), (99, [1]), (98, [])])
    let reading = try read(version == 6 ? file.version6 : file.version7)
    #expect(reading.info.kind == "trace.dat v\(version), host of vm1, vm2")
    #expect(reading.losses.map(\.code) == [.unknownSection] && reading.losses[0].count == 2)
    #expect(!LossCode.unknownSection.severity.rawValue.contains("loss"))
  }

  /// Both buffers hold the same event: replaying both as one would count everything twice.
  @Test func offersBuffersOfTheSameEventApart() throws {
    var file = Self.file(false, [])
    var inner = SubBufferBuilder(time: 5)
    inner.free(pfn: 2)
    file.instance = [inner.bytes]
    let bytes = file.version6
    let listed = try read(bytes, detail: .fields)
    #expect(listed.events.count == 28 && listed.losses.isEmpty)
    #expect(throws: CaptureError.self) { try read(bytes) }
    try withFile(bytes) { path in
      let whole = walk(path)
      #expect(whole.map(\.name) == ["\(path)!top", "\(path)!foo"])
      #expect(whole.map(\.reading?.events.count) == [27, 1])
      #expect(whole.allSatisfy { $0.reading?.losses.isEmpty == true })
      #expect(whole.last?.reading?.info.kind == "trace.dat v6, instance foo")
      for row in whole {
        let one = walk(row.name)
        #expect(one.map(\.name) == [row.name])
        #expect(one[0].reading?.events == row.reading?.events)
        #expect(one[0].reading?.info.path == row.name)
      }
      let none = walk("\(path)!bar")
      #expect(none.count == 1 && none[0].failure.contains("holds no 'bar', but \(path)!top"))
      let reader = try openCapture(path: "\(path)!foo", detail: .fields)
      var batch = EventBatch()
      #expect(try reader.next(&batch))
      #expect(batch.events.map(\.time) == [5])
    }
    let archive = SnapshotBuilder(files: [("a/b.dat", bytes)]).tar
    try withFile(archive) { path in
      let whole = walk(path)
      #expect(whole.map(\.name) == ["top", "foo"].map { "\(path)!a/b.dat!\($0)" })
      #expect(walk("\(path)!a/b.dat").count == 2)
      #expect(walk("\(path)!a/b.dat!foo").map(\.reading?.events.count) == [1])
    }
  }

  /// The instance holds another event: one stream.
  @Test func mergesBuffersOfOneClock() throws {
    var file = Self.file(false, [])
    var inner = SubBufferBuilder(time: 5)
    inner.head(5, 0)
    inner.body.data += [12, 0, 0, 0] + Array(repeating: 0, count: 16)
    file.instance = [inner.bytes]
    let reading = try read(file.version6)
    #expect(reading.events.count == 27 && reading.info.eventsRead == 28)
    #expect(reading.info.kind == "trace.dat v6, instance foo merged with the top buffer")
    #expect(reading.losses.map(\.code) == [.unknownEvent])
  }

  /// The text of a latency tracer stands in place of the records.
  @Test(arguments: [6, 7])
  func readsTextOfLatencyTracers(version: Int) throws {
    let text =
      "# tracer: irqsoff\n#\n  sh-79  [001] .....  4.749555: mm_page_free: pfn=0x10 order=3\n"
    var bytes = Self.file(false, []).version6
    let tag = Array("flyrecord\0".utf8)
    if version == 6 {
      let place = try #require(bytes.firstRange(of: tag)?.lowerBound)
      bytes = bytes[..<place] + Array("latency  \0".utf8) + Array(text.utf8)
    } else {
      var file = TraceDatBuilder()
      file.text = text
      bytes = file.version7
    }
    let reading = try read(bytes)
    #expect(reading.events.map(\.pfn) == [16] && reading.info.kind == "ftrace text")
  }

  /// A recorder that took the machine's page size for that of the sub-buffers.
  @Test(arguments: [false, true])
  func findsTheSizeOfSubBuffers(big: Bool) throws {
    for size in [2048, 65536] {
      var file = TraceDatBuilder()
      file.big = big
      file.subBufferSize = size
      let pages = (0..<3).map { number -> [UInt8] in
        var page = SubBufferBuilder(time: UInt64(1000 * number + 1), big: big)
        page.size = size
        for pfn in 0..<80 { page.free(pfn: UInt64(pfn), delta: 1) }
        return page.bytes
      }
      file.cpus = [(0, pages), (4095, pages)]
      for bytes in [file.version6, file.version7] {
        let reading = try read(bytes)
        #expect(reading.events.count == 480 && reading.losses.isEmpty && reading.info.cpus == 4096)
      }
    }
  }

  /// Samples so far apart that what lies between them takes 128 bits.
  @Test func hostClockOfAnyNumbersIsTaken() throws {
    var out = Bytes()
    out.put(UInt64(1))
    out.put(UInt32(1))
    out.put(UInt32(1))
    out.put(UInt32(2))
    for time in [0, UInt64.max] { out.put(time) }
    for offset in [-2, Int64.max] { out.put(offset) }
    for scaling in [1, 1] as [UInt64] { out.put(scaling) }
    var cursor = ByteCursor(out.data, path: "-", bigEndian: false)
    let clock = try #require(try HostClock(&cursor))
    for ticks in [0, .max - 1, .max] as [UInt64] { _ = clock.time(ticks, cpu: 0) }
  }

  @Test(arguments: [false, true])
  func namesLeftOvers(big: Bool) throws {
    var page = SubBufferBuilder(time: 100, big: big)
    page.size = 4096
    for pfn in 0..<9 { page.free(pfn: UInt64(pfn), delta: 1) }
    #expect(LeftOver.starts(page.bytes))
    #expect(!LeftOver.starts(Array(repeating: 0, count: 4096)))
    #expect(throws: CaptureError.self) { try read(page.bytes + page.bytes) }
    do { _ = try read(page.bytes) } catch let error as CaptureError {
      #expect(error.message.contains("trace-cmd restore"))
    }
  }
}
