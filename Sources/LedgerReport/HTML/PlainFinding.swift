import LedgerCore

/// A finding without the script: everything but the pictures.
struct PlainFinding {
  let finding: Finding
  let nanoseconds: Bool
  /// What is told of it, in place of what one capture knows.
  var facts: [(label: String, words: String)]?

  /// Events that are written out; the middle of a longer chain is counted.
  private static let evidenceLimit = 12

  func write(to html: inout HTMLWriter) {
    html.raw("<details class=\"finding\" open><summary>")
    html.raw("<span class=\"badge sev-")
    html.text(finding.severity.rawValue)
    html.raw("\"><span class=\"shape\" aria-hidden=\"true\"></span>")
    html.text(finding.severity.rawValue)
    html.raw("</span> ")
    if let standing = finding.standing {
      html.element("span", standing.rawValue, class: "standing standing-" + standing.rawValue)
      html.raw(" ")
    }
    html.element("span", finding.rule, class: "rule")
    html.raw(" ")
    html.element("strong", finding.title)
    html.raw("</summary>\n<dl class=\"pairs\">")
    for (label, words) in facts ?? FindingFacts(finding, nanoseconds: nanoseconds).pairs {
      html.raw("<div>")
      html.element("dt", label)
      html.element("dd", words)
      html.raw("</div>")
    }
    html.raw("</dl>\n")
    evidence(&html)
    paths(&html)
    html.raw("</details>\n")
  }

  private func evidence(_ html: inout HTMLWriter) {
    guard !finding.evidence.isEmpty else { return }
    html.raw(
      """
      <div class="scroll" tabindex="0" role="region" aria-label="Evidence"><table><thead><tr><th scope="col">Time</th><th scope="col">CPU</th>\
      <th scope="col">Task</th><th scope="col">Event</th><th scope="col">State of the page</th>\
      </tr></thead><tbody>

      """)
    let half = Self.evidenceLimit / 2
    let isLong = finding.evidence.count > Self.evidenceLimit
    for (index, item) in finding.evidence.enumerated() {
      if isLong, index >= half, index < finding.evidence.count - half {
        if index == half {
          html.raw("<tr><td colspan=\"5\">")
          html.text("\(finding.evidence.count - 2 * half) more events")
          html.raw("</td></tr>\n")
        }
        continue
      }
      row(item, &html)
    }
    html.raw("</tbody></table></div>\n")
  }

  /// The code that allocated, held and freed the page.
  private func paths(_ html: inout HTMLWriter) {
    for path in finding.paths.prefix(PageData.pathsLimit) where !path.frames.isEmpty {
      html.element(
        "p", "\(path.role.rawValue): \(path.event) by \(TaskText.name(path.comm, path.pid))")
      html.raw("<ol class=\"frames\">")
      for frame in path.frames.prefix(Self.evidenceLimit) { html.element("li", frame.words) }
      html.raw("</ol>\n")
    }
  }

  private func row(_ item: Evidence, _ html: inout HTMLWriter) {
    html.raw("<tr>")
    html.element("td", NumberText.time(item.time, item.clock, nanoseconds: nanoseconds))
    html.element("td", item.cpu < 0 ? "-" : "\(item.cpu)")
    html.element("td", TaskText.name(item.comm, item.pid))
    html.raw("<td>")
    html.element("b", item.event)
    html.raw(" ")
    html.text(item.text)
    html.raw("</td>")
    html.element("td", StateWords.change(item))
    html.raw("</tr>\n")
  }
}
