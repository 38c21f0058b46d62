import LedgerCore

/// Text for the readers of CI systems: one line, of bounded length, with control characters spelled out.
enum CIText {
  /// Characters of a path.
  static let pathLimit = 1000
  /// Characters of a sentence.
  static let sentenceLimit = 1000
  /// Bytes of all that one test prints.
  static let outputLimit = 64_000

  /// At most `limit` characters of words of any origin.
  static func line(_ words: String, limit: Int = sentenceLimit) -> String {
    // A scalar takes at most 4 bytes, so that most words need not be counted.
    guard words.utf8.count > limit else { return words.escapedForTerminal }
    let scalars = words.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return words.escapedForTerminal }
    return String(scalars[..<end]).escapedForTerminal + "\u{2026}"
  }

  /// What is known of a finding, a fact a row: labels and words, then events and code.
  static func rows(_ finding: Finding, nanoseconds: Bool, events: Int = 12) -> [String] {
    var rows = FindingFacts(finding, nanoseconds: nanoseconds).pairs.map {
      line("\($0.label): \($0.words)")
    }
    if let standing = finding.standing { rows.append("Standing: \(standing.rawValue)") }
    let evidence = EvidenceRows.lines(finding.evidence, limit: events, nanoseconds: nanoseconds)
    if !evidence.isEmpty { rows += ["Events:"] + evidence.map { "  " + line($0) } }
    let code = CodeRows.lines(finding, limit: 8)
    if !code.isEmpty { rows += ["Code:"] + code.map { "  " + line($0) } }
    return rows
  }

  /// Rows joined to at most `limit` bytes; those that do not fit are counted.
  static func joined(_ rows: [String], limit: Int = outputLimit) -> String {
    var text = ""
    for (index, row) in rows.enumerated() {
      guard text.utf8.count + row.utf8.count + 1 <= limit - 40 else {
        return text + "... \(rows.count - index) more lines\n"
      }
      text += row + "\n"
    }
    return text
  }

  /// Verdict, trust and losses of a capture.
  static func summary(_ analysis: Analysis) -> [String] {
    var rows = [
      "\(VerdictWords.name(analysis.verdict)): \(line(VerdictWords.claim(analysis)))",
      line(VerdictWords.trust(analysis)),
    ]
    if let words = StandingWords.summary(analysis) { rows.append(line(words)) }
    for loss in analysis.losses.prefix(100) {
      rows.append(line("\(loss.code.rawValue): \(GapText.words(loss))"))
    }
    if analysis.losses.count > 100 { rows.append("... \(analysis.losses.count - 100) more losses") }
    return rows
  }
}
