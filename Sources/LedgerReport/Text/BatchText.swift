public import LedgerCore

/// Writes the summary of a batch for people.
public struct BatchText {
  /// Findings that are told; the rest is in `summary.json`.
  private static let findingLimit = 40
  private static let troubleLimit = 10
  private let style: TextStyle
  private let detail: TextDetail

  /// A writer with a style and a level of detail.
  public init(style: TextStyle = .plain, detail: TextDetail = .full) {
    self.style = style
    self.detail = detail
  }

  /// The whole report, ending in a newline.
  public func render(_ summary: BatchSummary) -> String {
    var page = TextPage()
    page.paragraph(BatchWords.counts(summary), indent: 0)
    let told = summary.findings.filter { $0.standing != .suppressed }
    for finding in told.prefix(Self.findingLimit) {
      if detail == .full { page.line() }
      render(finding, on: &page)
    }
    if told.count > Self.findingLimit {
      page.line()
      page.line("\(told.count - Self.findingLimit) more findings are in summary.json")
    }
    guard detail == .full else { return page.text }
    render(summary.troubles, summary.troubleCount, on: &page)
    if let comparison = summary.comparison {
      let suppressed = summary.findings.count { $0.standing == .suppressed }
      ComparisonText(style: style).render(comparison, suppressed: suppressed, on: &page)
    }
    return page.text
  }

  private func render(_ finding: FingerprintSum, on page: inout TextPage) {
    let standing = finding.standing.map { $0.rawValue.uppercased() + " " } ?? ""
    let captures = NumberText.counted(UInt64(finding.captures), "capture")
    page.line(
      style.paint("\(standing)\(finding.severity.rawValue.uppercased())", .bad)
        + " \(finding.verdict.rawValue)  \(finding.rule)  "
        + "\(finding.title.escapedForTerminal)  [\(captures)]")
    guard detail == .full else { return }
    let example = finding.example
    var words = example.sighting.path
    if let pfn = example.pfn { words += ", pfn \(hex(pfn))" }
    if !example.task.isEmpty { words += ", task \(example.task)" }
    row("example", words, &page)
    row("seen", "\(NumberText.counted(finding.occurrences, "time"))", &page)
    row("kernels", BatchWords.names(finding.kernels), &page)
    row("jobs", BatchWords.names(finding.jobs), &page)
    row("id", finding.id, &page)
  }

  private func row(_ label: String, _ words: String, _ page: inout TextPage) {
    guard !words.isEmpty else { return }
    page.paragraph(
      words.escapedForTerminal,
      label: "  " + label + String(repeating: " ", count: max(1, 10 - label.count)), indent: 12)
  }

  private func render(_ troubles: [Trouble], _ count: Int, on page: inout TextPage) {
    guard count > 0 else { return }
    page.line()
    page.line("Captures without a result")
    for trouble in troubles.prefix(Self.troubleLimit) {
      page.paragraph(
        "\(trouble.status.rawValue)  \(trouble.path.escapedForTerminal): "
          + trouble.error.escapedForTerminal, label: "  ", indent: 4)
    }
    let rest = count - min(count, Self.troubleLimit)
    if rest > 0 { page.line("  \(rest) more are in summary.json") }
  }
}
