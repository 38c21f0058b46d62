import LedgerCore
import LedgerInput

/// One page with everything in it: readable as it stands, and with its script a list to search and pictures.
///
/// The same analyses and manual give the same bytes.
struct HTMLReport {
  let options: PageOptions
  /// Checksums of what was read.
  let inputs: [InputDigest]

  private static let style = [UInt8(ascii: "\n")] + PageParts.style
  private static let script = [UInt8(ascii: "\n")] + PageParts.script

  func render(_ analyses: [Analysis]) -> [UInt8] {
    let manual = manualArray(analyses)
    let fixed = UInt64(
      Self.style.count + Self.script.count + manual.count + PageBudget.tables(analyses))
    var budget = PageBudget(limit: options.limit - min(options.limit, fixed))
    let data = analyses.map { PageData($0, budget: &budget) }
    var html = HTMLWriter()
    head(analyses, &html)
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
    blocks(analyses, manual, data, &html)
    html.raw("</body>\n</html>\n")
    return html.bytes
  }

  private func head(_ analyses: [Analysis], _ html: inout HTMLWriter) {
    html.raw(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <link rel="icon" href="data:,">

      """)
    html.element("title", title(analyses))
    policy(&html)
    html.raw("\n<style>")
    html.raw(Self.style)
    html.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the findings</a>\n")
    html.raw("<header class=\"bar\"><span class=\"brand\">PageLedger</span>")
    html.raw("<span class=\"bar-capture\" id=\"bar-capture\">")
    html.text(analyses.count == 1 ? analyses[0].capture.path : "\(analyses.count) captures")
    html.raw("</span><span class=\"bar-tools\" id=\"bar-tools\"></span></header>\n")
  }

  private func title(_ analyses: [Analysis]) -> String {
    guard analyses.count == 1, let only = analyses.first else {
      return "PageLedger: \(analyses.count) captures"
    }
    return "\(VerdictWords.name(only.verdict)): \(only.capture.path)"
  }

  /// The policy for servers that allow nothing inline unless its checksum is named.
  private func policy(_ html: inout HTMLWriter) {
    html.raw(
      "\n<!-- Content-Security-Policy without 'unsafe-inline': default-src 'none'; img-src data:; ")
    for (name, part) in [("script-src", Self.script), ("style-src", Self.style)] {
      var sum = SHA256()
      sum.update(part)
      html.raw(Array("\(name) '\(sum.policySource)'; ".utf8))
    }
    html.raw("-->")
  }

  private func blocks(
    _ analyses: [Analysis], _ manual: [UInt8], _ data: [PageData], _ html: inout HTMLWriter
  ) {
    html.raw("<script type=\"application/json\" id=\"pageledger-summary\">")
    html.script(json: summary(analyses))
    html.raw("</script>\n<script type=\"application/json\" id=\"pageledger-data\">")
    html.script(json: document(manual, data))
    html.raw("</script>\n<script>")
    html.raw(Self.script)
    html.raw("</script>\n")
  }

  /// The captures' lines of the NDJSON form, as an array.
  private func summary(_ analyses: [Analysis]) -> [UInt8] {
    JSONWriter.bytes { writer in
      for analysis in analyses { writer.raw(AnalysisDocument(analysis).captureObject()) }
    }
  }

  /// What the manual says of the rules that were asked.
  private func manualArray(_ analyses: [Analysis]) -> [UInt8] {
    let used = Set(analyses.flatMap { $0.rules.map(\.id) + $0.findings.map(\.rule) })
    return JSONWriter.bytes { writer in
      for rule in options.manual where used.contains(rule.id) { Self.write(rule, to: &writer) }
    }
  }

  private func document(_ manual: [UInt8], _ data: [PageData]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("schema", "pageledger.page/1")
      writer.key("manual")
      writer.raw(manual)
      writer.key("captures")
      writer.array { writer in
        for part in data { writer.object { part.members(to: &$0) } }
      }
    }
    return writer.bytes
  }

  private static func write(_ rule: RuleManual, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("id", rule.id)
      writer.member("name", rule.name)
      writer.member("summary", rule.summary)
      writer.key("sections")
      writer.array { writer in
        for section in rule.sections {
          writer.value(section.title)
          writer.value(section.words)
        }
      }
      writer.member("example", rule.example)
    }
  }
}
