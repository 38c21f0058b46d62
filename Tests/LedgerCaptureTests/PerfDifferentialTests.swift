import CommandTestSupport
import Foundation
import LedgerCore
import Testing

@testable import LedgerCapture

/// Real perf.data files, read by us and by `perf script`: the same samples by name, and the same page_ref events.
///
/// perf puts equal times in the order of the file and delivers some samples late; both sides are ordered by time and CPU here.
@Suite struct PerfDifferentialTests {
  static let captures = Repository.shared(in: "captures/encodings-6.1") { $0.hasSuffix(".data") }
  static let samples = Repository.shared(in: "samples/perfdata") { _ in true }

  struct Row: Equatable, Comparable {
    var time: UInt64
    var cpu: Int
    var words: String
    static func < (a: Row, b: Row) -> Bool { (a.time, a.cpu) < (b.time, b.cpu) }
  }

  @Test(
    .needs(shared: "captures/encodings-6.1"), .needs(commands: "perf"), arguments: captures)
  func agreesWithPerfScript(name: String) throws {
    let path = try #require(Repository.shared(name))
    let fields = "comm,pid,tid,cpu,time,event,trace"
    let output = try #require(run("perf", ["script", "-F", fields, "--ns", "-i", path]))
    var peer: [Row] = []
    var peerCounts: [String: Int] = [:]
    for line in output.split(separator: 0x0a) {
      guard let (row, event) = Self.row(String(decoding: line, as: UTF8.self)) else { continue }
      peerCounts[event, default: 0] += 1
      if event.hasPrefix("page_ref:") { peer.append(row) }
    }
    var ours: [Row] = []
    var counts: [String: Int] = [:]
    let reader = try openCapture(path: path, detail: .fields)
    var batch = EventBatch()
    while try reader.next(&batch) {
      for (event, detail) in zip(batch.events, batch.details) where !event.kind.isGap {
        counts["\(detail.system):\(detail.name)", default: 0] += 1
        guard event.kind.isPageRef else { continue }
        ours.append(Self.row(event, detail))
      }
    }
    #expect(counts == peerCounts && !ours.isEmpty)
    #expect(ours.count == peer.count)
    for (a, b) in zip(ours.sorted(), peer.sorted()) { #expect(a == b) }
    #expect(zip(ours, ours.dropFirst()).allSatisfy { $0.time <= $1.time })
    let counted = reader.info.events.filter { $0.count > 0 }.map { "\($0.system):\($0.name)" }
    #expect(Set(counted) == Set(peerCounts.keys))
  }

  private static func row(_ event: Event, _ detail: EventDetail) -> Row {
    var words = "\(event.pid) \(detail.name) pfn=0x\(String(event.pfn, radix: 16))"
    words += " count=\(event.count) val=\(event.value)"
    if detail.fields.contains(where: { $0.name == "ret" }) { words += " ret=\(event.result)" }
    return Row(time: event.time, cpu: Int(event.cpu), words: words)
  }

  /// `comm pid/tid [cpu] seconds.nanoseconds: group:name: field=value ...`
  private static func row(_ line: String) -> (Row, String)? {
    guard let open = line.firstRange(of: " ["),
      let close = line[open.upperBound...].firstIndex(of: "]"),
      let cpu = Int(line[open.upperBound..<close]),
      let tid = line[..<open.lowerBound].split(separator: "/").last.map({ $0.filter { $0 != " " } })
    else { return nil }
    let parts = line[line.index(after: close)...].split(separator: " ")
    guard parts.count >= 2 else { return nil }
    let clock = parts[0].dropLast().split(separator: ".").compactMap { UInt64($0) }
    guard clock.count == 2 else { return nil }
    let event = String(parts[1].dropLast())
    var words = "\(tid) \(event.split(separator: ":").last ?? "")"
    for key in ["pfn=", "count=", "val=", "ret="] {
      if let word = parts.first(where: { $0.hasPrefix(key) }) { words += " " + word }
    }
    return (Row(time: clock[0] * 1_000_000_000 + clock[1], cpu: cpu, words: words), event)
  }

  /// Counts of `perf report --stats` of perf 6.1, or of the file's own records where that perf cannot open it.
  private static let counts: [String: UInt64] = [
    "autofdo__perf-kernel.data": 24, "binun__perf.data.kvm": 12685,
    "hotspot__true.v1.perf.data": 0, "hotspot__true.v2.perf.data": 1,
    "monitorplus__bpf_ksymbol.perf.data": 8499, "numatop__mem_loads.perf.data": 14,
    "stijn__tlb_shootdown.perf.data": 21707,
  ]

  @Test(.needs(shared: "samples/perfdata"), arguments: samples)
  func readsPublicFiles(name: String) throws {
    let url = URL(fileURLWithPath: try #require(Repository.shared(name)))
    let reader = try openCapture(path: url.path, detail: .fields)
    var batch = EventBatch()
    var last: UInt64 = 0
    while try reader.next(&batch) {
      for event in batch.events {
        #expect(event.time >= last)
        last = event.time
      }
    }
    if let count = Self.counts[url.lastPathComponent] {
      #expect(reader.info.eventsRead == count)
    }
    #expect(
      reader.losses.rows.map(\.code) == (name.contains("aborted") ? [.truncated] : []), "\(name)")
  }
}
