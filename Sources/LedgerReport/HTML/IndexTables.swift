import LedgerCore

/// Tables of a batch: captures, rules, losses, names.
struct IndexTables {
  let batch: BatchDetail

  /// Captures that are readable without the script, and names of one kind.
  private static let captureLimit = 200
  private static let nameLimit = 200

  private var summary: BatchSummary { batch.summary }

  /// Captures that need a look, for those who have no script.
  func captures(_ html: inout HTMLWriter) {
    html.raw("<div class=\"plain\">\n")
    let broken = batch.captures.filter { [.unreadable, .crash, .timeout].contains($0.status) }
    if broken.isEmpty {
      html.element("p", "Every capture has a result.", class: "none")
    } else {
      GapTables.head(["Capture without a result", "Status", "Why"], &html)
      for capture in broken.prefix(Self.captureLimit) {
        html.raw("<tr>")
        html.element("th scope=\"row\"", "th", capture.sighting.path)
        status(capture.status, &html)
        html.element("td", capture.error)
        html.raw("</tr>\n")
      }
      html.raw("</tbody></table></div>\n")
    }
    let rest = broken.count - Self.captureLimit
    if rest > 0 { html.element("p", "\(Self.grouped(rest)) more have no result.", class: "more") }
    html.raw("</div>\n")
  }

  private func status(_ status: CaptureStatus, _ html: inout HTMLWriter) {
    html.raw("<td>")
    html.element("span", status.rawValue, class: "status state-" + status.rawValue)
    html.raw("</td>")
  }

  func coverage(_ html: inout HTMLWriter) {
    guard !summary.rules.isEmpty else {
      html.element("p", "No rule was asked.", class: "none")
      return
    }
    GapTables.head(
      [
        "Rule", "Name", "Findings", "Clean", "Undecidable", "Not recorded",
        "Where it could not decide",
      ],
      &html)
    let order = summary.rules.enumerated().sorted { a, b in
      (a.element.findings > 0 ? 0 : a.element.hasDecided ? 2 : 1, a.offset)
        < (b.element.findings > 0 ? 0 : b.element.hasDecided ? 2 : 1, b.offset)
    }
    for (_, rule) in order {
      html.raw("<tr>")
      html.element("th scope=\"row\"", "th", rule.id)
      html.element("td", rule.name)
      for count in [rule.findings, rule.clean, rule.undecidable, rule.notRecorded] {
        html.element("td", Self.grouped(count), class: count > 0 ? "number" : "number faint")
      }
      let silent = rule.undecidable + rule.notRecorded > 0
      html.element("td", silent ? BatchWords.reason(batch.silences[rule.id], rule) : "")
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
  }

  func losses(_ html: inout HTMLWriter) {
    guard !summary.losses.isEmpty else {
      html.element("p", "Nothing is known to be lost or damaged.", class: "none")
      return
    }
    GapTables.head(["What", "Weight", "Captures", "In all", "What to do"], &html)
    for loss in summary.losses {
      html.raw("<tr>")
      html.element("th scope=\"row\"", "th", loss.code.rawValue)
      html.element("td", loss.code.severity == .dataLoss ? "data loss" : "notice")
      html.element("td", Self.grouped(loss.captures), class: "number")
      html.element("td", NumberText.grouped(loss.count), class: "number")
      html.element("td", loss.code.advice)
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
  }

  /// What the captures are, by kernel, job, host and kind.
  func names(_ html: inout HTMLWriter) {
    html.raw("<dl class=\"pairs\">")
    let pairs = [
      ("Inputs", Self.grouped(summary.inputs)), ("Captures", Self.grouped(summary.captures)),
      ("No captures", Self.grouped(summary.skipped)),
      (
        "Events",
        "\(NumberText.grouped(summary.eventsRead)) read, \(NumberText.grouped(summary.eventsUsed)) used"
      ),
      ("Judged by", "\(summary.tool), rules \(summary.ruleSet)"),
    ]
    for (label, words) in pairs {
      html.raw("<div>")
      html.element("dt", label)
      html.element("dd", words)
      html.raw("</div>")
    }
    html.raw("</dl>\n")
    let tables = [
      ("Kernel", summary.kernels), ("Job", summary.jobs), ("Host", summary.hosts),
      ("Kind", summary.kinds),
    ]
    for (name, table) in tables where !table.rows.isEmpty {
      html.raw("<div class=\"narrow\">")
      GapTables.head([name, "Captures"], &html)
      for row in table.rows.prefix(Self.nameLimit) {
        html.raw("<tr>")
        html.element("th scope=\"row\"", "th", row.name)
        html.element("td", Self.grouped(row.captures), class: "number")
        html.raw("</tr>\n")
      }
      html.raw("</tbody></table></div></div>\n")
      let rest = table.rows.count - Self.nameLimit
      if rest > 0 { html.element("p", "\(Self.grouped(rest)) rarer names.", class: "more") }
    }
  }

  private static func grouped(_ number: Int) -> String { NumberText.grouped(UInt64(number)) }
}
