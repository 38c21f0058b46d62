import Foundation
import LedgerCapture
import LedgerCore
import Testing

/// Recordings of Linux 6.12 that the guest printed under one option after the other.
@Suite struct DressTests {
  static func fixture(_ name: String) throws -> (
    events: [Event], info: CaptureInfo, losses: LossLedger
  ) {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = folder.appendingPathComponent("fixtures/captures/text-6.12-\(name).txt.gz").path
    let reader = try openCapture(path: path, detail: .replay)
    var batch = EventBatch()
    var events: [Event] = []
    while try reader.next(&batch) { events += batch.events.filter { !$0.kind.isGap } }
    return (events, reader.info, reader.losses)
  }

  /// What every dress must tell of an event.
  struct Essence: Equatable {
    var kind: EventKind
    var pfn: UInt64
    var count: Int32
    var value: Int32
    var result: Int32
    var compound: UInt64

    init(_ event: Event) {
      kind = event.kind
      pfn = event.pfn
      count = event.count
      value = event.value
      result = event.result
      compound = event.kind == .pageAlloc ? event.word & GfpFlags.compound : 0
    }
  }

  @Test(arguments: [
    "latency", "latency-verbose", "noirq", "tgid", "nocontext", "fields", "percpu",
  ])
  func oneRecordingInEveryDress(_ dress: String) throws {
    let plain = try Self.fixture("default")
    let other = try Self.fixture(dress)
    #expect(plain.events.count == 741 && other.info.eventsRead == 741)
    #expect(plain.events.map { Essence($0) } == other.events.map { Essence($0) })
    if dress != "nocontext" {
      #expect(plain.events.map(\.pid) == other.events.map(\.pid))
      #expect(plain.events.map(\.cpu) == other.events.map(\.cpu))
      #expect(other.losses.rows.isEmpty)
    }
    guard ["latency-verbose", "noirq", "tgid", "fields", "percpu"].contains(dress) else { return }
    #expect(plain.events.map(\.time) == other.events.map(\.time))
  }

  @Test(arguments: ["raw", "hex"])
  func numbersOnly(_ dress: String) throws {
    let reading = try Self.fixture(dress)
    #expect(reading.info.eventsRead == 741 && reading.events.isEmpty && reading.info.cpus == 2)
    #expect(reading.losses.rows.map(\.code) == [.bodyNotPrinted])
  }

  @Test func binIsRefused() {
    #expect(throws: CaptureError.self) { try Self.fixture("bin") }
  }

  @Test(arguments: [
    ("graph", 3871 as UInt64, 676), ("graph-all-latency", 3871, 676),
    ("graph-nocontext", 3871, 676),
    ("function-symaddr", 1160, 755), ("function-nocontext", 1160, 755), ("function-hex", 1160, 0),
    ("stacks", 625, 625), ("marker-nocontext", 1248, 755), ("overrun", 491, 491),
    ("clock-x86-tsc-verbose", 692, 692),
  ])
  func counts(_ dress: String, _ read: UInt64, _ used: Int) throws {
    let reading = try Self.fixture(dress)
    #expect(reading.info.eventsRead == read && reading.events.count == used)
    #expect(
      !reading.losses.rows.contains { $0.code == .malformedEvent || $0.code == .malformedLine })
  }

  @Test func graphTellsTheSameInAnyColumns() throws {
    let plain = try Self.fixture("graph").events.map { Essence($0) }
    for dress in ["graph-all-latency", "graph-nocontext"] {
      #expect(try Self.fixture(dress).events.map { Essence($0) } == plain)
    }
  }

  /// Buffers of single CPUs, one behind the other: their events come in order of time.
  @Test func buffersOfCPUsAreJoined() throws {
    var lines: [Int: String] = [:]
    for time in 0..<9000 {
      let cpu = (time * 7919) % 3
      lines[cpu, default: "# tracer: nop\n#\n"] +=
        "  sh-79    [00\(cpu)] .....   \(time).000000: mm_page_free: page=1 pfn=0x\(time) order=0\n => f\n"
    }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-\(UUID()).txt")
    defer { try? FileManager.default.removeItem(at: path) }
    try [2, 0, 1].map { lines[$0] ?? "" }.joined().write(
      to: path, atomically: true, encoding: .utf8)
    let reading = try Reading(path: path.path)
    #expect(reading.records.map(\.time) == (0..<9000).map { UInt64($0) * 1_000_000_000 })
    #expect(reading.losses.rows.isEmpty && reading.info.cpus == 3)
  }
}
