import LedgerCore

/// A finding as pairs of a label and words, for every form that lists facts.
struct FindingFacts {
  /// Label and words, in the order in which they are read; pairs without words are left out.
  let pairs: [(label: String, words: String)]

  init(_ finding: Finding, nanoseconds: Bool) {
    let all = [
      ("Verdict", finding.verdict.rawValue), ("Block", Self.block(finding)),
      ("Pages", Self.pages(finding)), ("Task", Self.task(finding)),
      ("Seen", Self.seen(finding, nanoseconds)), ("Ledger", finding.ledger),
      ("Advice", finding.advice), ("Doubt", finding.doubt),
      ("Related", finding.related.prefix(16).joined(separator: " ")), ("Id", finding.id),
    ]
    pairs = all.filter { !$0.1.isEmpty }.map { (label: $0.0, words: $0.1) }
  }

  static func block(_ finding: Finding) -> String {
    guard let block = finding.block else { return "" }
    let pages = block.order < 64 ? UInt64(1) << UInt64(block.order) : .max
    let kind =
      switch block.kind {
      case .plain: "plain (no __GFP_COMP)"
      case .order0: "single page"
      default: block.kind.rawValue
      }
    return "\(hex(block.pfn)), order \(block.order), \(NumberText.counted(pages, "page")), \(kind)"
  }

  static func pages(_ finding: Finding) -> String {
    guard finding.pages > 0 else { return finding.frame.map(hex) ?? "" }
    return "\(NumberText.grouped(finding.pages)): "
      + NumberText.ranges(finding.pageRanges, limit: 8)
  }

  static func task(_ finding: Finding) -> String {
    let task = TaskText.name(finding.comm, finding.pid)
    return finding.cpu < 0 ? task : "\(task) on CPU \(finding.cpu)"
  }

  static func seen(_ finding: Finding, _ nanoseconds: Bool) -> String {
    let times = NumberText.counted(finding.occurrences, "time")
    guard finding.clock != .none else { return times }
    let first = NumberText.time(finding.firstTime, finding.clock, nanoseconds: nanoseconds)
    guard finding.lastTime != finding.firstTime else { return "\(times), at \(first)" }
    let last = NumberText.time(finding.lastTime, finding.clock, nanoseconds: nanoseconds)
    return "\(times), \(first) to \(last)"
  }
}

/// The state of a page around an event, in words.
enum StateWords {
  static func change(_ item: Evidence) -> String {
    switch (item.before.isEmpty, item.after.isEmpty) {
    case (true, true): ""
    case (true, false): "? \u{2192} \(item.after)"
    case (false, true): item.before
    case (false, false):
      item.before == item.after
        ? "stays \(item.after)" : "\(item.before) \u{2192} \(item.after)"
    }
  }
}
