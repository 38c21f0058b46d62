import LedgerCore
import LedgerInput

/// One page with everything in it: readable as it stands, and with its script a list to search and pictures.
///
/// The same analyses and manual give the same bytes.
struct HTMLReport {
  let options: PageOptions
  /// Checksums of what was read.
  let inputs: [InputDigest]

  func render(_ analyses: [Analysis]) -> [UInt8] {
    let used = Set(analyses.flatMap { $0.rules.map(\.id) + $0.findings.map(\.rule) })
    let manual = PageFrame.manual(options.manual, used: used)
    let fixed = UInt64(PageFrame.size + manual.count + PageBudget.tables(analyses))
    var budget = PageBudget(limit: options.limit - min(options.limit, fixed))
    let data = analyses.map { PageData($0, budget: &budget) }
    var html = HTMLWriter()
    PageFrame.head(
      title: title(analyses),
      bar: analyses.count == 1 ? analyses[0].capture.path : "\(analyses.count) captures", &html)
    html.raw("<main id=\"main\">\n")
    for (index, analysis) in analyses.enumerated() {
      let section = CaptureSection(
        analysis: analysis, number: index, shown: data[index].shown,
        detailed: data[index].detailed)
      section.write(to: &html, budget: &budget)
    }
    if analyses.isEmpty { html.raw("<p>No capture was analyzed.</p>\n") }
    html.raw("</main>\n")
    PageFoot(options: options, inputs: inputs).write(to: &html)
    PageFrame.end(
      summary: summary(analyses), data: PageFrame.document(manual, data.map { $0.object() }), &html)
    return html.bytes
  }

  private func title(_ analyses: [Analysis]) -> String {
    guard analyses.count == 1, let only = analyses.first else {
      return "PageLedger: \(analyses.count) captures"
    }
    return "\(VerdictWords.name(only.verdict)): \(only.capture.path)"
  }

  /// The captures' lines of the NDJSON form, as an array.
  private func summary(_ analyses: [Analysis]) -> [UInt8] {
    JSONWriter.bytes { writer in
      for analysis in analyses { writer.raw(AnalysisDocument(analysis).captureObject()) }
    }
  }
}
