import LedgerCore

/// One capture as plain HTML: verdict, trust, the first findings, and what could not be seen.
struct CaptureSection {
  let analysis: Analysis
  let number: Int
  /// Findings in the page's data, and those with evidence.
  let shown: Int
  let detailed: Int

  /// Findings that are readable without the script.
  static let plainLimit = 200

  func write(to html: inout HTMLWriter, budget: inout PageBudget) {
    html.raw("<section class=\"capture\" data-capture=\"")
    html.text("\(number)")
    html.raw("\" aria-label=\"")
    html.text(analysis.capture.path)
    html.raw("\">\n")
    verdict(&html)
    tabs(&html)
    html.panel("findings", "Findings", of: number) { findings(&$0, &budget) }
    if let comparison = analysis.comparison {
      html.panel("compare", "Compared", of: number) {
        ComparisonSection(analysis: analysis, comparison: comparison).panel(&$0)
      }
    }
    html.panel("coverage", "Coverage", of: number) { GapTables(analysis: analysis).coverage(&$0) }
    html.panel("losses", "Losses", of: number) { GapTables(analysis: analysis).losses(&$0) }
    html.panel("legal", "Looks wrong and is legal", of: number) {
      GapTables(analysis: analysis).explained(&$0)
    }
    html.panel("events", "Events by name", of: number) { GapTables(analysis: analysis).events(&$0) }
    html.panel("about", "The capture", of: number) { facts(&$0) }
    html.raw("</section>\n")
  }

  private func verdict(_ html: inout HTMLWriter) {
    html.open("div", class: "verdict verdict-\(analysis.verdict.rawValue)")
    html.raw("<h1><span class=\"verdict-mark\" aria-hidden=\"true\"></span>")
    let colon = analysis.verdict == .findings ? ":" : "."
    html.element("span", VerdictWords.name(analysis.verdict) + colon, class: "verdict-word")
    html.raw(" ")
    html.element("span", VerdictWords.claim(analysis), class: "verdict-claim")
    html.raw("</h1>\n")
    html.element("p", VerdictWords.trust(analysis), class: "trust")
    html.raw("<dl class=\"facts\">")
    for pair in CaptureFacts.pairs(analysis) where pair.label != "First event" {
      guard pair.label != "Capture" else { continue }
      html.raw("<div>")
      html.element("dt", pair.label)
      html.element("dd", pair.words)
      html.raw("</div>")
    }
    if let lost = lost {
      html.raw("<div>")
      html.element("dt", "Lost")
      html.element("dd", lost)
      html.raw("</div>")
    }
    html.raw("</dl>\n")
    if let comparison = analysis.comparison {
      ComparisonSection(analysis: analysis, comparison: comparison).summary(&html, number: number)
    }
    banners(&html)
    html.raw("</div>\n")
  }

  /// `lost-events 17 on CPU 1, 3 on CPU 2; truncated 1`: data that is missing, by CPU; nil when none is known to be.
  private var lost: String? {
    let lost = analysis.losses.filter { $0.code.severity == .dataLoss }
    var codes: [LossCode] = []
    for loss in lost where !codes.contains(loss.code) { codes.append(loss.code) }
    guard !codes.isEmpty else { return nil }
    return codes.map { code in
      let rows = lost.filter { $0.code == code }
      let words = rows.prefix(8).map { loss in
        var bare = loss
        bare.detail = ""
        return GapText.words(bare)
      }
      let rest = rows.count > 8 ? " and \(rows.count - 8) more" : ""
      return "\(code.rawValue) \(words.joined(separator: ", "))\(rest)"
    }.joined(separator: "; ")
  }

  private func banners(_ html: inout HTMLWriter) {
    let total = analysis.findings.count
    if shown < total {
      html.element(
        "p",
        "Showing the first \(Self.grouped(shown)) of \(Self.grouped(total)) findings by weight: "
          + "the page has reached its size limit. --html-max-size raises it, --format ndjson "
          + "has all.", class: "banner")
    } else if detailed < shown {
      html.element(
        "p",
        "All \(Self.grouped(total)) findings are listed. The evidence of the first "
          + "\(Self.grouped(detailed)) by weight is in this page; --format ndjson has all.",
        class: "banner")
    }
  }

  private func tabs(_ html: inout HTMLWriter) {
    html.raw("<nav class=\"tabs\" aria-label=\"Parts of the report\">")
    let losses = Set(analysis.losses.map(\.code)).count
    var parts = [("findings", "Findings", Self.grouped(analysis.findings.count))]
    if let comparison = analysis.comparison {
      let gone = comparison.fixed.count + comparison.unjudged.count
      parts.append(("compare", "Compared", Self.grouped(gone)))
    }
    parts += [
      ("coverage", "Coverage", "\(VerdictWords.decided(analysis))/\(analysis.rules.count)"),
      ("losses", "Losses", "\(losses)"), ("legal", "Legal", "\(analysis.explained.count)"),
      ("events", "Events", "\(analysis.capture.events.count)"), ("about", "Capture", ""),
    ]
    html.tabs(parts, of: number)
    html.raw("</nav>\n")
  }

  private func findings(_ html: inout HTMLWriter, _ budget: inout PageBudget) {
    html.raw("<div class=\"plain\">\n")
    var written = 0
    let nanoseconds = analysis.capture.timeIsNanoseconds
    for finding in StandingWords.ranked(analysis).prefix(Self.plainLimit) where budget.plain > 0 {
      var part = HTMLWriter()
      PlainFinding(finding: finding, nanoseconds: nanoseconds).write(to: &part)
      budget.plain -= part.bytes.count
      html.raw(part.bytes)
      written += 1
    }
    if analysis.findings.isEmpty {
      html.element("p", VerdictWords.nothing(analysis), class: "none")
      if !analysis.losses.isEmpty { GapTables(analysis: analysis).losses(&html) }
    } else if written < analysis.findings.count {
      html.element(
        "p",
        "The first \(written) of \(Self.grouped(analysis.findings.count)) findings are written "
          + "out here; the list above shows the others where scripts may run.", class: "more")
    }
    html.raw("</div>\n")
  }

  private func facts(_ html: inout HTMLWriter) {
    html.raw("<dl class=\"pairs\">")
    for pair in CaptureFacts.pairs(analysis) {
      html.raw("<div>")
      html.element("dt", pair.label)
      html.element("dd", pair.words)
      html.raw("</div>")
    }
    html.raw("</dl>\n")
  }

  private static func grouped(_ number: Int) -> String { NumberText.grouped(UInt64(number)) }
}
