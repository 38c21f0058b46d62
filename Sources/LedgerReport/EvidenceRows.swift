import LedgerCore

/// Evidence as lines of text, one or two an event, for forms that quote it.
enum EvidenceRows {
  /// The lines of a chain; of more than `limit` events the middle ones are counted.
  static func lines(_ evidence: [Evidence], limit: Int, nanoseconds: Bool) -> [String] {
    var rows: [String] = []
    let half = limit / 2
    for (index, item) in evidence.enumerated() {
      if evidence.count > limit, index >= half, index < evidence.count - half {
        if index == half { rows.append("... \(evidence.count - 2 * half) more events") }
        continue
      }
      rows += lines(item, nanoseconds: nanoseconds)
    }
    return rows
  }

  private static func lines(_ item: Evidence, nanoseconds: Bool) -> [String] {
    let time = NumberText.time(item.time, item.clock, nanoseconds: nanoseconds)
    let cpu = item.cpu < 0 ? "" : " [\(String(item.cpu).padded(left: 3, with: "0"))]"
    let task = TaskText.name(item.comm, item.pid)
    let words = item.text.isEmpty ? item.event : "\(item.event): \(item.text)"
    let change = StateWords.change(item).replacing("\u{2192}", with: "->")
    return ["\(task)\(cpu) \(time): \(words)"] + (change.isEmpty ? [] : ["    \(change)"])
  }
}

/// The code that allocated, held and freed a page as rows of text: who, then the functions, innermost first.
enum CodeRows {
  /// Rows of all paths, each with its first `limit` functions.
  static func lines(_ finding: Finding, limit: Int) -> [String] {
    finding.paths.filter { !$0.frames.isEmpty }.flatMap { path -> [String] in
      let head = "\(path.role.rawValue): \(path.event) by \(TaskText.name(path.comm, path.pid))"
      let rest = path.frames.count - min(limit, path.frames.count)
      return [head] + path.frames.prefix(limit).map { "  " + $0.words }
        + (rest > 0 ? ["  ... and \(rest) more"] : [])
    }
  }
}
