import LedgerCore

/// An analysis as the body of a mail to a list: plain text of 72 columns that quotes well.
struct MailReport {
  private static let width = 72
  /// Findings that are told with their evidence; the others get a line.
  private static let detailLimit = 10
  private static let titleLimit = 50

  func render(_ analysis: Analysis) -> [UInt8] {
    var rows: [String] = []
    add(
      VerdictWords.name(analysis.verdict).uppercased() + ": " + VerdictWords.claim(analysis), &rows)
    add(analysis.capture.path, first: "Capture: ", indent: "         ", &rows)
    rows.append("")
    add(VerdictWords.trust(analysis), &rows)
    if let words = StandingWords.summary(analysis) { add(words, &rows) }
    findings(analysis, &rows)
    gone(analysis, &rows)
    gaps(analysis, &rows)
    environment(analysis, &rows)
    return Array(rows.joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
  }

  private func findings(_ analysis: Analysis, _ rows: inout [String]) {
    let nanoseconds = analysis.capture.timeIsNanoseconds
    let ranked = StandingWords.ranked(analysis)
    for (index, finding) in ranked.prefix(Self.detailLimit).enumerated() {
      rows.append("")
      rows.append(String(repeating: "-", count: Self.width))
      let rank = "[\(index + 1)/\(ranked.count)] "
      add(
        rank + standing(finding)
          + "\(finding.severity.rawValue), \(finding.verdict.rawValue), \(finding.rule): "
          + finding.title, &rows)
      rows.append("")
      details(finding, nanoseconds, &rows)
    }
    let rest = ranked.dropFirst(Self.detailLimit)
    guard !rest.isEmpty else { return }
    rows.append("")
    rows.append("Also found:")
    for finding in rest.prefix(Self.titleLimit) {
      let head = "- \(standing(finding))\(finding.rule) \(finding.severity.rawValue): "
      add(head + finding.title, indent: "  ", &rows)
    }
    if rest.count > Self.titleLimit {
      add("- and \(NumberText.grouped(UInt64(rest.count - Self.titleLimit))) more", &rows)
    }
  }

  /// `new, `, or nothing where findings were compared with nothing.
  private func standing(_ finding: Finding) -> String {
    finding.standing.map { $0.rawValue + ", " } ?? ""
  }

  /// What is gone since the earlier run, and what is wrong with the suppressions.
  private func gone(_ analysis: Analysis, _ rows: inout [String]) {
    guard let comparison = analysis.comparison else { return }
    for (title, findings) in [("Fixed:", comparison.fixed), ("Not judged:", comparison.unjudged)]
    where !findings.isEmpty {
      rows += ["", title]
      for finding in findings.prefix(Self.titleLimit) {
        add("- \(finding.rule): \(finding.title) (\(finding.id))", indent: "  ", &rows)
      }
      let rest = findings.count - Self.titleLimit
      if rest > 0 { add("- and \(NumberText.grouped(UInt64(rest))) more", &rows) }
    }
    guard !comparison.remarks.isEmpty else { return }
    rows += ["", "Remarks on the suppressions:"]
    for remark in comparison.remarks.prefix(Self.titleLimit) {
      add("- " + remark, indent: "  ", &rows)
    }
  }

  private func details(_ finding: Finding, _ nanoseconds: Bool, _ rows: inout [String]) {
    for (label, words) in FindingFacts(finding, nanoseconds: nanoseconds).pairs
    where !["Verdict", "Advice", "Doubt", "Related"].contains(label) {
      add(
        words, first: "\(label):".padded(right: 8), indent: String(repeating: " ", count: 8), &rows)
    }
    if !finding.evidence.isEmpty {
      rows.append("")
      for line in EvidenceRows.lines(finding.evidence, limit: 12, nanoseconds: nanoseconds) {
        let margin = line.hasPrefix(" ") ? "      " : "  "
        add(line, first: margin, indent: margin + "  ", &rows)
      }
    }
    code(finding, &rows)
    rows.append("")
    add("What to do: " + finding.advice, &rows)
    add("Doubt: " + finding.doubt, &rows)
  }

  private func code(_ finding: Finding, _ rows: inout [String]) {
    let lines = CodeRows.lines(finding, limit: 6)
    guard !lines.isEmpty else { return }
    rows.append("")
    for line in lines {
      let margin = line.hasPrefix(" ") ? "    " : "  "
      add(line, first: margin, indent: margin + "  ", &rows)
    }
  }

  private func gaps(_ analysis: Analysis, _ rows: inout [String]) {
    guard !analysis.losses.isEmpty else { return }
    rows.append("")
    rows.append("What the capture lacks:")
    var codes: [LossCode] = []
    for loss in analysis.losses where !codes.contains(loss.code) { codes.append(loss.code) }
    for code in codes {
      let parts = analysis.losses.filter { $0.code == code }.prefix(8).map(GapText.words)
      add("- \(code.rawValue): \(parts.joined(separator: "; "))", indent: "  ", &rows)
      add(code.advice, first: "  ", indent: "  ", &rows)
    }
  }

  private func environment(_ analysis: Analysis, _ rows: inout [String]) {
    rows.append("")
    rows.append(String(repeating: "-", count: Self.width))
    for (label, words) in CaptureFacts.pairs(analysis) where label != "Capture" {
      add(
        words, first: "\(label):".padded(right: 13), indent: String(repeating: " ", count: 13),
        &rows)
    }
    guard !analysis.findings.isEmpty else { return }
    rows.append("")
    add("If you fix this, these lines help to find it again:", &rows)
    rows.append("")
    rows.append("  Reported-by: NAME <ADDRESS>")
    var told: Set<String> = []
    for finding in StandingWords.ranked(analysis).prefix(Self.detailLimit)
    where told.insert(finding.id).inserted {
      rows.append("  Finding: pageledger " + finding.id.shownWhole)
    }
  }

  /// Adds words in rows of at most 72 columns; a longer word is broken.
  private func add(
    _ words: String, first: String = "", indent: String = "", _ rows: inout [String]
  ) {
    var margin = first
    for row in TextPage.wrap(words.shownWhole, columns: Self.width - max(first.count, indent.count))
    {
      var rest = Substring(row)
      repeat {
        let room = Self.width - margin.unicodeScalars.count
        let end = rest.unicodeScalars.prefix(room).endIndex
        rows.append(margin + rest[..<end])
        rest = rest[end...]
        margin = indent
      } while !rest.isEmpty
    }
  }
}
