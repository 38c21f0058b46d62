import CommandTestSupport
import Foundation
import LedgerCore
import Testing

/// What two texts of one capture must agree in.
private struct Essence: Equatable {
  var time: UInt64
  var cpu: UInt16
  var pid: Int32
  var kind: EventKind
  var pfn: UInt64
  var count: Int32
  var value: Int32
  var result: Int32
  var order: UInt8

  init(_ event: Event) {
    time = event.time
    cpu = event.cpu
    pid = event.pid
    kind = event.kind
    pfn = event.pfn
    count = event.count
    value = event.value
    result = event.kind == .kvmUserspaceExit ? 0 : event.result
    order = event.order
  }
}

@Suite struct CaptureTests {
  static let texts = [
    "default", "noirq", "tgid-stack", "trace_pipe", "clock-boot", "clock-counter", "latency",
  ]

  /// Counts names by plain string search: behind the first `: ` of a line that is no comment.
  private static func grep(_ text: String) -> [String: UInt64] {
    var counts: [String: UInt64] = [:]
    for line in text.split(separator: "\n") where line.first == " " && !line.hasPrefix(" =>") {
      let parts = line.components(separatedBy: ": ")
      guard parts.count > 1, !parts[1].hasPrefix("<") else { continue }
      counts[parts[1], default: 0] += 1
    }
    return counts
  }

  @Test(.needs(shared: "captures/encodings-6.1"), arguments: texts)
  func countsByName(_ name: String) throws {
    let path = try #require(Repository.shared("captures/encodings-6.1/text-\(name).txt"))
    let reading = try Reading(path: path)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let seen = Dictionary(uniqueKeysWithValues: reading.info.events.map { ($0.name, $0.count) })
    #expect(seen == Self.grep(text))
    #expect(reading.info.cpus == 2)
    #expect(reading.info.timeIsNanoseconds == (name != "clock-counter"))
    let lost = try reading.loss(.lostEvents) == sum(of: /LOST (\d+) EVENTS/, in: text)
    #expect(lost && reading.losses.rows.allSatisfy { $0.code == .lostEvents })
  }

  private func sum(of pattern: Regex<(Substring, Substring)>, in text: String) throws -> UInt64 {
    text.matches(of: pattern).reduce(0) { $0 + (UInt64($1.1) ?? 0) }
  }

  @Test(.needs(shared: "captures/encodings-6.1"))
  func latencyTellsTheSameAsDefault() throws {
    let latency = try #require(Repository.shared("captures/encodings-6.1/text-latency.txt"))
    let plain = try #require(Repository.shared("captures/encodings-6.1/text-default.txt"))
    let (a, b) = (try Reading(path: latency), try Reading(path: plain))
    #expect(a.info.kernel == "6.1.192-pglab" && b.info.kernel == "")
    #expect(a.records.map(\.pfn) == b.records.map(\.pfn))
    #expect(a.records.map(\.context) == b.records.map(\.context))
    #expect(a.records.map(\.result) == b.records.map(\.result))
  }

  static let scenarios = Repository.shared(in: "captures/scenarios-6.1") { $0.hasSuffix(".dat") }

  @Test(
    .needs(shared: "captures/scenarios-6.1"), .needs(commands: "trace-cmd"), arguments: scenarios)
  func rawTextTellsTheSameAsCooked(_ file: String) throws {
    let path = try #require(Repository.shared(file))
    let raw = try #require(output(of: ["trace-cmd", "report", "-t", "-R", path]))
    let cooked = try #require(output(of: ["trace-cmd", "report", "-t", path]))
    let (a, b) = (
      Reading(parsing: raw, detail: .replay), Reading(parsing: cooked, detail: .replay)
    )
    #expect(a.records.count == b.records.count && a.records.count > 100)
    let difference = zip(a.records, b.records).first { Essence($0) != Essence($1) }
    #expect(difference == nil, "\(String(describing: difference))")
    for (left, right) in zip(a.records, b.records) where left.kind == .pageAlloc {
      #expect(left.word & GfpFlags.compound == right.word & GfpFlags.compound)
    }
    #expect(a.losses.rows.isEmpty && b.losses.rows.isEmpty)
    #expect(a.info.events.map(\.count) == b.info.events.map(\.count))
  }
}
