import LedgerCore

/// Tables of what could be seen and what could not: rules, losses, legal patterns, events.
struct GapTables {
  let analysis: Analysis

  /// Names of events that are listed.
  private static let eventLimit = 1000

  func coverage(_ html: inout HTMLWriter) {
    guard !analysis.rules.isEmpty else {
      html.element("p", "No rule was asked.", class: "none")
      return
    }
    let order: [RuleStatus] = [.findings, .undecidable, .notRecorded, .clean]
    Self.head(["Rule", "Name", "Could it see?", "To decide, record or mend"], told: true, &html)
    for status in order {
      for rule in analysis.rules where rule.status == status {
        html.raw("<tr>")
        html.element("th scope=\"row\"", "th", rule.id)
        html.element("td", rule.name)
        html.raw("<td>")
        html.element("span", Self.words(status), class: "status status-\(status.rawValue)")
        html.raw("</td>")
        html.raw("<td>")
        html.text(rule.missing.joined(separator: "; "))
        if let line = RecordAdvice.line(for: [rule]) {
          html.raw("<br>")
          html.element("code", line)
        }
        html.raw("</td></tr>\n")
      }
    }
    html.raw("</tbody></table></div>\n")
  }

  private static func words(_ status: RuleStatus) -> String {
    switch status {
    case .clean: "clean"
    case .findings: "findings"
    case .undecidable: "undecidable"
    case .notRecorded: "not recorded"
    }
  }

  func losses(_ html: inout HTMLWriter) {
    guard !analysis.losses.isEmpty else {
      html.element("p", "Nothing is known to be lost or damaged.", class: "none")
      return
    }
    Self.head(["What", "Weight", "How much", "What to do"], told: true, &html)
    var codes: [LossCode] = []
    for loss in analysis.losses where !codes.contains(loss.code) { codes.append(loss.code) }
    for code in codes {
      html.raw("<tr>")
      html.element("th scope=\"row\"", "th", code.rawValue)
      html.element("td", code.severity == .dataLoss ? "data loss" : "notice")
      let rows = analysis.losses.filter { $0.code == code }
      html.element("td", rows.map(GapText.words).joined(separator: "; "))
      html.element("td", code.advice)
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
  }

  func explained(_ html: inout HTMLWriter) {
    guard !analysis.explained.isEmpty else {
      html.element("p", "Nothing of that kind was seen.", class: "none")
      return
    }
    Self.head(["Pattern", "Seen", "First", "Why it is legal"], told: true, &html)
    for row in analysis.explained {
      let time = NumberText.time(row.firstTime, nanoseconds: analysis.capture.timeIsNanoseconds)
      let place = row.pfn == Event.noFrame ? "" : " on page \(hex(row.pfn))"
      html.raw("<tr>")
      html.element("th scope=\"row\"", "th", row.name)
      html.element("td", NumberText.counted(row.count, "time"))
      html.element("td", time + place)
      html.element("td", row.reason)
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
  }

  func events(_ html: inout HTMLWriter) {
    let events = analysis.capture.events
    guard !events.isEmpty else {
      html.element("p", "No event is known by name.", class: "none")
      return
    }
    let ranked = events.enumerated().sorted {
      ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
    }
    Self.head(["Event", "Read", "For the ledger"], &html)
    for (_, event) in ranked.prefix(Self.eventLimit) {
      html.raw("<tr>")
      html.element(
        "th scope=\"row\"", "th",
        event.system.isEmpty ? event.name : "\(event.system):\(event.name)")
      html.element("td", NumberText.grouped(event.count))
      html.element("td", event.kind == .other ? "counted only" : "used")
      html.raw("</tr>\n")
    }
    html.raw("</tbody></table></div>\n")
    if events.count > Self.eventLimit {
      html.element(
        "p", "\(events.count - Self.eventLimit) rarer names are left out.", class: "more")
    }
  }

  /// - Parameter told: The last columns are sentences, so a phone gets a row's cells one below the other.
  static func head(_ columns: [String], told: Bool = false, _ html: inout HTMLWriter) {
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
    html.text(columns[0])
    html.raw(told ? "\"><table class=\"told\"><thead><tr>" : "\"><table><thead><tr>")
    for column in columns { html.element("th scope=\"col\"", "th", column) }
    html.raw("</tr></thead><tbody>\n")
  }
}
