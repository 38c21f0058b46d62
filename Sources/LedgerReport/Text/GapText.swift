import LedgerCore

/// Writes what could not be seen: losses, and rules that could not decide.
struct GapText {
  let style: TextStyle

  private static let indent = 20

  func render(losses: [Loss], on page: inout TextPage) {
    guard !losses.isEmpty else { return }
    page.line()
    page.line(style.paint("What the capture lacks", .strong))
    var codes: [LossCode] = []
    for loss in losses where !codes.contains(loss.code) { codes.append(loss.code) }
    for code in codes {
      page.paragraph(
        losses.filter { $0.code == code }.map(Self.words).joined(separator: "; "),
        label: "  " + code.rawValue, indent: Self.indent + 2)
      page.paragraph(code.advice, indent: Self.indent + 2)
    }
  }

  func render(rules: [RuleReport], on page: inout TextPage) {
    let silent = rules.filter { $0.status == .undecidable || $0.status == .notRecorded }
    guard !silent.isEmpty else { return }
    page.line()
    page.line(style.paint("Rules that could not decide", .strong))
    var groups: [(rule: RuleReport, ids: [String])] = []
    for rule in silent {
      let same = groups.firstIndex {
        $0.rule.status == rule.status && $0.rule.missing == rule.missing
      }
      if let same { groups[same].ids.append(rule.id) } else { groups.append((rule, [rule.id])) }
    }
    for group in groups {
      page.paragraph(group.ids.joined(separator: " "), label: "  ", indent: 2)
      page.paragraph(Self.reason(group.rule), indent: 4)
    }
    if let line = RecordAdvice.line(for: rules) { page.line("  to decide: \(line)") }
  }

  private static func reason(_ rule: RuleReport) -> String {
    let missing = rule.missing.joined(separator: "; ").escapedForTerminal
    switch rule.status {
    case .notRecorded: return "not recorded" + (missing.isEmpty ? "" : ": \(missing)")
    default: return "undecidable" + (missing.isEmpty ? "" : ": \(missing)")
    }
  }

  /// `1,234 on CPU 2 (at offset 0x4f000)`.
  static func words(_ loss: Loss) -> String {
    let count = loss.count == 0 ? "at least one" : NumberText.grouped(loss.count)
    let cpu = loss.cpu.map { " on CPU \($0)" } ?? ""
    let detail = loss.detail.isEmpty ? "" : " (\(loss.detail.escapedForTerminal))"
    return count + cpu + detail
  }
}
