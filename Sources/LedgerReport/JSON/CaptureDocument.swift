import LedgerCore

/// The members that an analysis and `info` share: the capture, its events, its losses.
struct CaptureDocument {
  private let analysis: Analysis

  init(_ analysis: Analysis) { self.analysis = analysis }

  func members(to writer: inout JSONWriter) {
    let capture = analysis.capture
    writer.key("capture")
    writer.object {
      $0.member("path", capture.path)
      $0.member("kind", capture.kind)
      $0.member("kernel", capture.kernel)
      $0.member("clock", capture.clock)
      $0.member("timeUnit", capture.timeIsNanoseconds ? "ns" : "ticks")
      $0.member("cpus", capture.cpus)
      $0.member("start", capture.start)
      $0.member("end", capture.end)
      if capture.logLines > 0 { $0.member("logLines", capture.logLines) }
      if !capture.logPath.isEmpty { $0.member("console", capture.logPath) }
    }
    writer.key("events")
    writer.object { writer in
      writer.member("read", capture.eventsRead)
      writer.member("used", analysis.eventsUsed)
      writer.key("byName")
      writer.object { for row in Self.counts(capture.events) { $0.member(row.name, row.count) } }
    }
    writer.key("losses")
    writer.array { for loss in analysis.losses { write(loss, to: &$0) } }
  }

  private func write(_ loss: Loss, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("code", loss.code.rawValue)
      writer.member("severity", loss.code.severity.rawValue)
      writer.member("count", loss.count)
      writer.key("cpu")
      if let cpu = loss.cpu { writer.value(cpu) } else { writer.null() }
      writer.member("detail", loss.detail)
      writer.member("advice", loss.code.advice)
    }
  }

  /// Events that occurred, by name in ascending order; `group:name` where groups share a name.
  static func counts(_ events: [EventCount]) -> [(name: String, count: UInt64)] {
    var systems: [String: Set<String>] = [:]
    for event in events where event.count > 0 {
      systems[event.name, default: []].insert(event.system)
    }
    var sums: [String: UInt64] = [:]
    for event in events where event.count > 0 {
      let shared = (systems[event.name]?.count ?? 0) > 1 && !event.system.isEmpty
      sums[shared ? "\(event.system):\(event.name)" : event.name, default: 0] &+= event.count
    }
    return sums.map { (name: $0.key, count: $0.value) }.sorted { $0.name < $1.name }
  }
}
