import LedgerCore

/// Analyses as GitHub Markdown that fits a comment (65,536 characters); what does not fit is counted.
struct MarkdownReport {
  /// Bytes of the whole text; GitHub counts characters, of which there are no more.
  static let limit = 60_000
  /// Rows of a table.
  private static let rowLimit = 50
  /// Rows of the lists of what is gone.
  private static let goneLimit = 20

  func render(_ analyses: [Analysis]) -> [UInt8] {
    var text = ""
    var left = analyses.count
    for (index, analysis) in analyses.enumerated() {
      let share = (Self.limit - text.utf8.count) / max(1, left)
      let part = section(analysis, share: share)
      guard text.utf8.count + part.utf8.count <= Self.limit else {
        text += "\n\(analyses.count - index) more captures do not fit here.\n"
        break
      }
      text += (index > 0 ? "\n---\n\n" : "") + part
      left -= 1
    }
    if analyses.isEmpty { text = "No capture was analyzed.\n" }
    return Array(text.utf8)
  }

  private func section(_ analysis: Analysis, share: Int) -> String {
    var text = heading(analysis)
    let end = comparison(analysis) + gaps(analysis) + totals(analysis)
    // The heading and one line each always come; of findings as many as fit.
    let budget = share - text.utf8.count - end.utf8.count - 200
    text += findings(analysis, budget: budget)
    return text + (text.utf8.count + end.utf8.count <= share ? end : totals(analysis))
  }

  private func heading(_ analysis: Analysis) -> String {
    let mark = Self.mark(analysis.verdict)
    let path = MarkdownText.code(String(analysis.capture.path.prefix(400)))
    return
      "### \(mark) PageLedger: \(VerdictWords.name(analysis.verdict).lowercased()), \(path)\n\n"
      + "**\(MarkdownText.plain(VerdictWords.claim(analysis)))**. "
      + MarkdownText.plain(VerdictWords.trust(analysis))
      + (StandingWords.summary(analysis).map { " " + MarkdownText.plain($0) } ?? "") + "\n\n"
  }

  static func mark(_ verdict: AnalysisVerdict) -> String {
    switch verdict {
    case .clean: "\u{2705}"
    case .findings: "\u{274c}"
    case .incomplete: "\u{26a0}\u{fe0f}"
    case .unreadable: "\u{26d4}"
    }
  }

  static func clipped(_ words: String) -> String {
    let kept = words.prefix(200)
    return MarkdownText.plain(kept.endIndex == words.endIndex ? words : kept + "\u{2026}")
  }

  /// What is gone since the earlier run, and what is wrong with the suppressions.
  private func comparison(_ analysis: Analysis) -> String {
    analysis.comparison.map(Self.comparison) ?? ""
  }

  static func comparison(_ comparison: Comparison) -> String {
    var text = ""
    for (title, findings) in [("Fixed", comparison.fixed), ("Not judged", comparison.unjudged)]
    where !findings.isEmpty {
      text += "\n**\(title)**\n\n"
      for finding in findings.prefix(Self.goneLimit) {
        text += "- \(MarkdownText.plain(finding.rule)): \(Self.clipped(finding.title)) "
        text += MarkdownText.code(String(finding.id.prefix(80))) + "\n"
      }
      if findings.count > Self.goneLimit {
        text += "- and \(findings.count - Self.goneLimit) more\n"
      }
    }
    guard !comparison.remarks.isEmpty else { return text }
    text += "\n**Remarks on the suppressions**\n\n"
    for remark in comparison.remarks.prefix(Self.goneLimit) {
      text += "- " + Self.clipped(remark) + "\n"
    }
    let rest = comparison.remarks.count - Self.goneLimit
    return rest > 0 ? text + "- and \(rest) more\n" : text
  }

  private func findings(_ analysis: Analysis, budget: Int) -> String {
    guard !analysis.findings.isEmpty else { return "" }
    let isCompared = analysis.comparison != nil
    let ranked = StandingWords.ranked(analysis)
    var text = isCompared ? "| standing " : ""
    text += "| severity | verdict | rule | what happened | pages | seen |\n"
    text += (isCompared ? "| --- " : "") + "| --- | --- | --- | --- | ---: | ---: |\n"
    var rows = 0
    for finding in ranked.prefix(Self.rowLimit) {
      let row = self.row(finding, isCompared)
      guard text.utf8.count + row.utf8.count < budget / 2 else { break }
      text += row
      rows += 1
    }
    if rows < ranked.count {
      let rest = NumberText.counted(UInt64(ranked.count - rows), "finding")
      text += "\n\(rest) of lower weight not listed here; the HTML and JSON reports have more.\n"
    }
    text += "\n"
    for finding in ranked.prefix(rows) where finding.standing != .suppressed {
      let part = details(finding, nanoseconds: analysis.capture.timeIsNanoseconds)
      guard text.utf8.count + part.utf8.count < budget else { continue }
      text += part
    }
    return text
  }

  private func row(_ finding: Finding, _ isCompared: Bool) -> String {
    let standing = StandingWords.name(finding.standing)
    let cells = [
      finding.severity >= .high ? "**\(finding.severity.rawValue)**" : finding.severity.rawValue,
      finding.verdict.rawValue, finding.rule, MarkdownText.plain(finding.title),
      finding.pages > 0 ? NumberText.grouped(finding.pages) : "",
      NumberText.grouped(finding.occurrences),
    ]
    let first = finding.standing == .new ? "**new**" : standing
    return "| " + ((isCompared ? [first] : []) + cells).joined(separator: " | ") + " |\n"
  }

  private func details(_ finding: Finding, nanoseconds: Bool) -> String {
    var text =
      "<details><summary>\(finding.rule): \(MarkdownText.html(finding.title))</summary>\n\n"
    for (label, words) in FindingFacts(finding, nanoseconds: nanoseconds).pairs {
      let isCode = ["Block", "Pages", "Task", "Seen", "Id", "Related"].contains(label)
      text += "- \(label): \(isCode ? MarkdownText.code(words) : MarkdownText.plain(words))\n"
    }
    let rows = EvidenceRows.lines(finding.evidence, limit: 12, nanoseconds: nanoseconds)
    if !rows.isEmpty { text += "\n" + MarkdownText.block(rows) }
    let paths = CodeRows.lines(finding, limit: 6)
    if !paths.isEmpty { text += "\n" + MarkdownText.block(paths) }
    return text + "\n</details>\n\n"
  }

  private func gaps(_ analysis: Analysis) -> String {
    var text = ""
    var codes: [LossCode] = []
    for loss in analysis.losses where !codes.contains(loss.code) { codes.append(loss.code) }
    if !codes.isEmpty { text += "\n**What the capture lacks**\n\n" }
    for code in codes {
      let rows = analysis.losses.filter { $0.code == code }.prefix(8).map(GapText.words)
      text += "- `\(code.rawValue)`: " + MarkdownText.plain(rows.joined(separator: "; "))
      text += ". " + MarkdownText.plain(code.advice) + "\n"
    }
    let silent = analysis.rules.filter { $0.status != .clean && $0.status != .findings }
    guard !silent.isEmpty else { return text }
    text += "\n<details><summary>\(silent.count) of \(analysis.rules.count) rules could not decide"
    text += "</summary>\n\n"
    for rule in silent {
      let words = rule.missing.joined(separator: "; ")
      text +=
        "- \(rule.id) \(rule.name): \(rule.status == .notRecorded ? "not recorded" : "undecidable")"
      text += (words.isEmpty ? "" : ": " + MarkdownText.plain(words)) + "\n"
    }
    if let line = RecordAdvice.line(for: silent) { text += "\nTo decide: `\(line)`\n" }
    return text + "\n</details>\n"
  }

  private func totals(_ analysis: Analysis) -> String {
    let words = CaptureFacts.pairs(analysis).filter { $0.label != "Capture" }
      .map { "\($0.label.lowercased()) \(String($0.words.prefix(200)))" }
    guard !words.isEmpty else { return "" }
    return "\n<sub>\(MarkdownText.html(words.joined(separator: "; ")))</sub>\n"
  }
}
