import LedgerCore

/// Writes what became of an earlier run's findings, and what is wrong with the suppressions.
struct ComparisonText {
  private static let limit = 40
  let style: TextStyle

  func render(_ comparison: Comparison, suppressed: Int, on page: inout TextPage) {
    list("Fixed", comparison.fixed, on: &page)
    list("Unjudged: not found, and their rules could not decide", comparison.unjudged, on: &page)
    if suppressed > 0 {
      page.line()
      page.line("Suppressed: \(NumberText.counted(UInt64(suppressed), "finding"))")
    }
    guard !comparison.remarks.isEmpty else { return }
    page.line()
    page.line("Suppressions")
    for remark in comparison.remarks {
      page.paragraph(remark.escapedForTerminal, label: "  ", indent: 4)
    }
  }

  func list(_ heading: String, _ findings: [BaselineFinding], on page: inout TextPage) {
    guard !findings.isEmpty else { return }
    page.line()
    page.line(heading)
    for finding in findings.prefix(Self.limit) {
      page.paragraph(
        "\(finding.rule)  \(finding.title)  (\(finding.id))".escapedForTerminal, label: "  ",
        indent: 4)
    }
    let rest = findings.count - min(findings.count, Self.limit)
    if rest > 0 { page.line("  and \(rest) more") }
  }
}
