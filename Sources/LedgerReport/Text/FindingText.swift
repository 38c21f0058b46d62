import LedgerCore

/// Writes one finding with its block, pages, evidence, advice and doubt.
struct FindingText {
  let style: TextStyle
  let nanoseconds: Bool

  /// Column at which the values of the labelled lines start.
  private static let indent = 12
  /// Evidence rows shown at most; the middle of a longer chain is folded.
  private static let rowLimit = 12

  /// `HIGH proven  PL010  title`.
  static func headline(_ finding: Finding, style: TextStyle) -> String {
    let standing = finding.standing.map { $0.rawValue.uppercased() + " " } ?? ""
    let severity = standing + finding.severity.rawValue.uppercased()
    let verdict = finding.verdict.rawValue
    return style.paint(severity, tone(finding.severity))
      + " \(verdict)  \(finding.rule)  \(style.paint(finding.title.escapedForTerminal, .strong))"
  }

  /// Where a finding stands among those of the same cause.
  enum Place {
    /// It weighs most; with the rules of the others.
    case main([String])
    case part(of: String)
  }

  func render(_ finding: Finding, _ place: Place, on page: inout TextPage) {
    page.line(Self.headline(finding, style: style))
    field("story", Self.words(place), on: &page)
    field("block", finding.block.map(Self.words) ?? "", on: &page)
    field("pages", pages(finding), on: &page)
    field("task", task(finding), on: &page)
    field("seen", seen(finding), on: &page)
    field("ledger", finding.ledger.escapedForTerminal, on: &page)
    renderEvidence(finding.evidence, on: &page)
    PathText.render(finding, on: &page)
    field("advice", finding.advice.escapedForTerminal, on: &page)
    field("doubt", finding.doubt.escapedForTerminal, on: &page)
    field("see", finding.related.joined(separator: ", ").escapedForTerminal, on: &page)
    field("id", finding.id.escapedForTerminal, on: &page)
  }

  private static func words(_ place: Place) -> String {
    switch place {
    case .part(let rule): return "part of \(rule) above"
    case .main(let rules):
      let names = rules.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      return names.isEmpty ? "" : "one cause with \(names.joined(separator: ", ")) below"
    }
  }

  private func field(_ label: String, _ words: String, on page: inout TextPage) {
    page.paragraph(words, label: "  " + label, indent: Self.indent)
  }

  private static func words(_ block: BlockReference) -> String {
    let pages = block.order < 64 ? UInt64(1) << UInt64(block.order) : 0
    let kind = block.kind == .plain ? "plain (no __GFP_COMP)" : block.kind.rawValue
    return "pfn \(hex(block.pfn)), order \(block.order), "
      + "\(NumberText.counted(pages, "page")), \(kind)"
  }

  private func pages(_ finding: Finding) -> String {
    guard !finding.pageRanges.isEmpty else { return "" }
    let ranges = NumberText.ranges(finding.pageRanges, limit: 8)
    let total = finding.block.flatMap { $0.order < 64 ? UInt64(1) << UInt64($0.order) : nil }
    guard let total, finding.pages <= total else {
      return "\(NumberText.grouped(finding.pages)): \(ranges)"
    }
    return "\(NumberText.grouped(finding.pages)) of \(NumberText.grouped(total)): \(ranges)"
  }

  private func task(_ finding: Finding) -> String {
    if finding.clock != .capture, finding.comm.isEmpty, finding.pid < 0 {
      return finding.cpu < 0 ? "" : "CPU \(finding.cpu)"
    }
    let cpu = finding.cpu >= 0 ? " on CPU \(finding.cpu)" : ""
    return TaskText.name(finding.comm, finding.pid) + cpu
  }

  private func seen(_ finding: Finding) -> String {
    guard finding.clock != .none else {
      return finding.occurrences == 1 ? "once" : NumberText.counted(finding.occurrences, "time")
    }
    let first = NumberText.time(finding.firstTime, finding.clock, nanoseconds: nanoseconds)
    guard finding.occurrences != 1 || finding.firstTime != finding.lastTime else {
      return "once, at \(first)"
    }
    let last = NumberText.time(finding.lastTime, finding.clock, nanoseconds: nanoseconds)
    return "\(NumberText.counted(finding.occurrences, "time")), \(first) to \(last)"
  }

  private func renderEvidence(_ evidence: [Evidence], on page: inout TextPage) {
    guard !evidence.isEmpty else { return }
    page.line("  evidence")
    let messages = evidence.filter { $0.event == Self.message }
    let events = evidence.filter { $0.event != Self.message }
    if !events.isEmpty {
      var rows = EvidenceTable(nanoseconds: nanoseconds)
      for row in events { rows.add(row) }
      rows.render(limit: Self.rowLimit, style: style, on: &page)
    }
    for row in messages { renderMessage(row, on: &page) }
  }

  /// What `Evidence.event` is for lines of the kernel's log.
  private static let message = "printk"

  /// A line of the kernel's log, after its time or its number.
  private func renderMessage(_ row: Evidence, on page: inout TextPage) {
    let place =
      row.clock == .none
      ? row.line.map { "line \($0)" } ?? ""
      : NumberText.time(row.time, row.clock, nanoseconds: nanoseconds)
    let label = "    " + place.padded(left: 13) + "  "
    page.paragraph(row.text.escapedForTerminal, label: label, indent: label.unicodeScalars.count)
  }

  private static func tone(_ severity: Severity) -> TextStyle.Tone {
    switch severity {
    case .critical, .high: .bad
    case .medium, .low: .warning
    case .info: .faint
    }
  }
}

/// Names of tasks in text.
public enum TaskText {
  /// `qemu-312`, `pid 312` without a name, `unknown task` without either.
  public static func name(_ comm: String, _ pid: Int32) -> String {
    switch (comm.isEmpty, pid < 0) {
    case (true, true): "unknown task"
    case (true, false): "pid \(pid)"
    case (false, true): comm.escapedForTerminal
    case (false, false): "\(comm.escapedForTerminal)-\(pid)"
    }
  }
}
