import LedgerCore

/// A batch as one page of the design of the report: a row a cause with its worst example, and a table of all captures.
///
/// The same batch, manual and command give the same bytes.
struct IndexPage {
  let options: PageOptions

  /// Bytes that heads and tables take, roughly and rather more.
  private static let tables = 400_000

  func render(_ batch: BatchDetail) -> [UInt8] {
    let summary = batch.summary
    let used = Set(summary.findings.map(\.rule) + summary.rules.map(\.id))
    let manual = PageFrame.manual(options.manual, used: used)
    let fixed = UInt64(PageFrame.size + manual.count + Self.tables)
    var budget = PageBudget(limit: options.limit - min(options.limit, fixed))
    let data = IndexData(batch, budget: &budget)
    let verdict = BatchWords.verdict(summary)
    var html = HTMLWriter()
    PageFrame.head(
      title: "\(VerdictWords.name(verdict)): \(BatchWords.captures(summary))",
      bar: "\(BatchWords.captures(summary)), \(BatchWords.statuses(summary))", &html)
    html.raw("<main id=\"main\">\n")
    IndexSection(batch: batch, data: data).write(to: &html, budget: &budget)
    html.raw("</main>\n")
    PageFoot(options: options, inputs: []).write(to: &html)
    PageFrame.end(
      summary: BatchLines.summary(summary), data: PageFrame.document(manual, [data.object()]),
      &html)
    return html.bytes
  }
}
