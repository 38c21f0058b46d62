import LedgerCore

/// What changed since an earlier run: how many findings are new, known and suppressed, what is gone, what is wrong with suppressions.
struct ComparisonSection {
  let comparison: Comparison
  /// Findings of this run by standing.
  let count: (Standing?) -> Int

  init(analysis: Analysis, comparison: Comparison) {
    self.comparison = comparison
    count = { StandingWords.count(analysis, $0) }
  }

  init(summary: BatchSummary, comparison: Comparison) {
    self.comparison = comparison
    count = { BatchWords.count(summary, $0) }
  }

  /// Findings of the earlier run that are listed.
  private static let rowLimit = 500
  private static let remarkLimit = 200

  /// A row of numbers for the first screen; those of this run lead to their findings.
  func summary(_ html: inout HTMLWriter, number: Int) {
    html.raw("<div class=\"compare\"><p class=\"compare-base\">")
    html.text(
      comparison.baseline.isEmpty
        ? "Suppressions of the project were applied"
        : "Compared with \(comparison.baseline)")
    html.raw("</p><ul>")
    for standing in StandingWords.order {
      let count = count(standing)
      guard count > 0 || (standing == .new && !comparison.baseline.isEmpty) else { continue }
      item(StandingWords.name(standing), count, number: number, isFound: true, &html)
    }
    if !comparison.baseline.isEmpty {
      item("fixed", comparison.fixed.count, number: number, isFound: false, &html)
      if !comparison.unjudged.isEmpty {
        item("not judged", comparison.unjudged.count, number: number, isFound: false, &html)
      }
    }
    if !comparison.remarks.isEmpty {
      item("remarks", comparison.remarks.count, number: number, isFound: false, &html)
    }
    html.raw("</ul></div>\n")
  }

  private func item(
    _ name: String, _ count: Int, number: Int, isFound: Bool, _ html: inout HTMLWriter
  ) {
    html.raw("<li><a ")
    if isFound {
      html.raw("data-standing=\"")
      html.text(name)
      html.raw("\" href=\"#c")
      html.text("\(number)-findings")
      html.raw("\"")
    } else {
      html.raw("data-view=\"compare\" href=\"#c")
      html.text("\(number)-compare")
      html.raw("\"")
    }
    html.raw(">")
    html.element("b", NumberText.grouped(UInt64(count)))
    html.raw(" ")
    html.element("span", name, class: "standing standing-" + name.replacing(" ", with: "-"))
    html.raw("</a></li>")
  }

  /// The lists of what is gone.
  func panel(_ html: inout HTMLWriter) {
    if !comparison.baseline.isEmpty {
      list(
        "Fixed", comparison.fixed,
        about: "The earlier run had them, this one does not, and their rules could see.",
        none: "No finding of the earlier run is gone.", &html)
      list(
        "Not judged", comparison.unjudged,
        about: "The earlier run had them; their rules could not decide on this capture, so "
          + "nothing is known of them.",
        none: "Every finding of the earlier run could be judged.", &html)
    }
    guard !comparison.remarks.isEmpty else { return }
    html.element("h3", "Remarks on the suppressions", class: "panel-part")
    html.raw("<ul class=\"remarks\">")
    for remark in comparison.remarks.prefix(Self.remarkLimit) { html.element("li", remark) }
    html.raw("</ul>\n")
    more(comparison.remarks.count - Self.remarkLimit, &html)
  }

  private func list(
    _ title: String, _ findings: [BaselineFinding], about: String, none: String,
    _ html: inout HTMLWriter
  ) {
    html.raw("<h3 class=\"panel-part\">")
    html.text(title)
    html.raw(" ")
    html.element("span", NumberText.grouped(UInt64(findings.count)), class: "count")
    html.raw("</h3>\n")
    html.element("p", findings.isEmpty ? none : about, class: "about")
    guard !findings.isEmpty else { return }
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
    html.text(title)
    html.raw(
      """
      "><table><thead><tr><th scope="col">Rule</th><th scope="col">What happened then</th>\
      <th scope="col">Id</th></tr></thead><tbody>

      """)
    for finding in findings.prefix(Self.rowLimit) {
      html.raw("<tr>")
      html.element("th scope=\"row\"", "th", finding.rule)
      html.element("td", finding.title)
      html.element("td", finding.id, class: "mono")
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
    more(findings.count - Self.rowLimit, &html)
  }

  private func more(_ rest: Int, _ html: inout HTMLWriter) {
    guard rest > 0 else { return }
    html.element(
      "p", "\(NumberText.grouped(UInt64(rest))) more; the JSON report has all.", class: "more")
  }
}
