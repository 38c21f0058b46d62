import LedgerCore

/// A batch as plain HTML: verdict, trust, the first findings, what became of the captures, and what rules could see.
struct IndexSection {
  let batch: BatchDetail
  let data: IndexData

  private var summary: BatchSummary { batch.summary }

  func write(to html: inout HTMLWriter, budget: inout PageBudget) {
    html.raw("<section class=\"capture\" data-capture=\"0\" aria-label=\"The batch\">\n")
    verdict(&html)
    tabs(&html)
    html.panel("findings", "Findings", of: 0) { findings(&$0, &budget) }
    let tables = IndexTables(batch: batch)
    html.panel("captures", "Captures", of: 0) { tables.captures(&$0) }
    if let comparison = summary.comparison {
      html.panel("compare", "Compared", of: 0) {
        ComparisonSection(summary: summary, comparison: comparison).panel(&$0)
      }
    }
    html.panel("coverage", "Coverage", of: 0) { tables.coverage(&$0) }
    html.panel("losses", "Losses", of: 0) { tables.losses(&$0) }
    html.panel("about", "The batch", of: 0) { tables.names(&$0) }
    html.raw("</section>\n")
  }

  private func verdict(_ html: inout HTMLWriter) {
    let verdict = BatchWords.verdict(summary)
    html.open("div", class: "verdict verdict-\(verdict.rawValue)")
    html.raw("<h1><span class=\"verdict-mark\" aria-hidden=\"true\"></span>")
    let colon = verdict == .findings ? ":" : "."
    html.element("span", VerdictWords.name(verdict) + colon, class: "verdict-word")
    html.raw(" ")
    html.element("span", BatchWords.claim(summary), class: "verdict-claim")
    html.raw("</h1>\n")
    html.element("p", BatchWords.trust(summary), class: "trust")
    statuses(&html)
    if let comparison = summary.comparison {
      ComparisonSection(summary: summary, comparison: comparison).summary(&html, number: 0)
    }
    banners(&html)
    html.raw("</div>\n")
  }

  /// Captures by status; each number leads to them.
  private func statuses(_ html: inout HTMLWriter) {
    html.raw("<div class=\"compare\"><p class=\"compare-base\">Captures</p><ul>")
    for status in CaptureStatus.allCases {
      let count = summary.statuses[status] ?? 0
      guard count > 0 else { continue }
      html.raw("<li><a data-view=\"captures\" data-query=\"status:")
      html.text(status.rawValue)
      html.raw("\" href=\"#c0-captures\">")
      html.element("b", Self.grouped(count))
      html.raw(" ")
      html.element("span", status.rawValue, class: "status state-" + status.rawValue)
      html.raw("</a></li>")
    }
    html.raw("</ul></div>\n")
  }

  private func banners(_ html: inout HTMLWriter) {
    let total = summary.findings.count
    var words: [String] = []
    if data.shown < total {
      words.append(
        "Showing the first \(Self.grouped(data.shown)) of \(Self.grouped(total)) findings by weight."
      )
    } else if data.detailed < data.shown {
      words.append(
        "All \(Self.grouped(total)) findings are listed, the first \(Self.grouped(data.detailed)) with "
          + "the evidence of their worst example.")
    }
    if data.listed < batch.captures.count {
      words.append(
        "Showing \(Self.grouped(data.listed)) of \(Self.grouped(batch.captures.count)) captures: those "
          + "without a result first, then those with findings.")
    }
    guard !words.isEmpty else { return }
    words.append("--html-max-size makes room for more; --report ndjson and sqlite have all.")
    html.element("p", words.joined(separator: " "), class: "banner")
  }

  private func tabs(_ html: inout HTMLWriter) {
    html.raw("<nav class=\"tabs\" aria-label=\"Parts of the index\">")
    var parts = [
      ("findings", "Findings", Self.grouped(summary.findings.count)),
      ("captures", "Captures", Self.grouped(summary.captures)),
    ]
    if let comparison = summary.comparison {
      let gone = comparison.fixed.count + comparison.unjudged.count
      parts.append(("compare", "Compared", Self.grouped(gone)))
    }
    let decided = summary.rules.count(where: \.hasDecided)
    parts += [
      ("coverage", "Coverage", "\(decided)/\(summary.rules.count)"),
      ("losses", "Losses", "\(summary.losses.count)"), ("about", "Batch", ""),
    ]
    html.tabs(parts, of: 0)
    html.raw("</nav>\n")
  }

  private func findings(_ html: inout HTMLWriter, _ budget: inout PageBudget) {
    html.raw("<div class=\"plain\">\n")
    var written = 0
    let ranked = RankedFinding.order(summary.findings)
    for place in ranked.prefix(CaptureSection.plainLimit) {
      var part = HTMLWriter()
      // Without room for evidence the facts are still told.
      let (analysis, finding) = batch.worst(place, isFull: budget.plain > 0)
      PlainFinding(
        finding: finding, nanoseconds: analysis.capture.timeIsNanoseconds,
        facts: FingerprintFacts(summary.findings[place], in: summary).pairs
      ).write(to: &part)
      budget.plain -= part.bytes.count
      html.raw(part.bytes)
      written += 1
    }
    if ranked.isEmpty {
      html.element("p", "No rule found a misuse. " + BatchWords.trust(summary), class: "none")
    } else if written < ranked.count {
      html.element(
        "p",
        "The first \(written) of \(Self.grouped(ranked.count)) findings are written out here; the "
          + "list shows the others where scripts may run.", class: "more")
    }
    html.raw("</div>\n")
  }

  private static func grouped(_ number: Int) -> String { NumberText.grouped(UInt64(number)) }
}
