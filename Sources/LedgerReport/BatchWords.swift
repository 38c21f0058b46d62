import LedgerCore

/// What a batch comes to, in words that every form shares.
enum BatchWords {
  /// Findings weigh more than captures without a result, and these more than silence that proves nothing.
  static func verdict(_ summary: BatchSummary) -> AnalysisVerdict {
    if !summary.findings.isEmpty { return .findings }
    if summary.troubleCount > 0 { return .unreadable }
    let gaps = summary.statuses[.incomplete] ?? 0
    return gaps > 0 || summary.remaining > 0 || summary.captures == 0 ? .incomplete : .clean
  }

  /// `7 captures: 1 ok, 5 findings, 1 incomplete; 2 different findings`.
  static func counts(_ summary: BatchSummary) -> String {
    let findings = NumberText.counted(UInt64(summary.findings.count), "different finding")
    return "\(captures(summary)): \(statuses(summary)); \(findings)"
  }

  static func captures(_ summary: BatchSummary) -> String {
    NumberText.counted(UInt64(summary.captures), "capture")
  }

  /// `1 ok, 5 findings, 4 files that are no capture`.
  static func statuses(_ summary: BatchSummary) -> String {
    var parts = CaptureStatus.allCases.compactMap { status -> String? in
      let count = summary.statuses[status] ?? 0
      return count == 0 ? nil : "\(NumberText.grouped(UInt64(count))) \(status.rawValue)"
    }
    if summary.skipped > 0 {
      let files = NumberText.counted(UInt64(summary.skipped), "file")
      parts.append("\(files) that \(summary.skipped == 1 ? "is" : "are") no capture")
    }
    if summary.remaining > 0 {
      parts.append("\(NumberText.counted(UInt64(summary.remaining), "input")) not reached")
    }
    return parts.joined(separator: ", ")
  }

  /// `2 different findings, 1 new, 1 known`.
  static func claim(_ summary: BatchSummary) -> String {
    switch verdict(summary) {
    case .clean: return "No misuse in \(captures(summary))"
    case .incomplete:
      return summary.captures == 0
        ? "No capture was analyzed" : "Nothing was found, and that does not prove much"
    case .unreadable: return trouble(summary) ?? ""
    case .findings:
      let all = NumberText.counted(UInt64(summary.findings.count), "different finding")
      let standings = StandingWords.order.compactMap { standing -> String? in
        let count = count(summary, standing)
        guard let standing, count > 0 else { return nil }
        return "\(NumberText.grouped(UInt64(count))) \(standing.rawValue)"
      }
      return ([all] + standings).joined(separator: ", ") + " in \(captures(summary))"
    }
  }

  static func count(_ summary: BatchSummary, _ standing: Standing?) -> Int {
    summary.findings.count { $0.standing == standing }
  }

  /// `3 captures have no result: 2 unreadable, 1 crash`; nil when all have.
  static func trouble(_ summary: BatchSummary) -> String? {
    guard summary.troubleCount > 0 else { return nil }
    let kinds = [CaptureStatus.unreadable, .crash, .timeout].compactMap { status -> String? in
      let count = summary.statuses[status] ?? 0
      return count == 0 ? nil : "\(NumberText.grouped(UInt64(count))) \(status.rawValue)"
    }
    let captures = NumberText.counted(UInt64(summary.troubleCount), "capture")
    return "\(captures) \(summary.troubleCount == 1 ? "has" : "have") no result: "
      + kinds.joined(separator: ", ")
  }

  /// How far silence can be trusted.
  static func trust(_ summary: BatchSummary) -> String {
    var words: [String] = []
    if summary.remaining > 0 {
      words.append(
        "The batch is not finished: "
          + "\(NumberText.counted(UInt64(summary.remaining), "input")) not reached.")
    }
    if let trouble = trouble(summary) { words.append(trouble + ".") }
    let gaps = summary.statuses[.incomplete] ?? 0
    if gaps > 0 {
      words.append(
        "\(NumberText.counted(UInt64(gaps), "capture")) \(gaps == 1 ? "is" : "are") incomplete: "
          + "nothing was found there, and that proves nothing.")
    }
    let silent = summary.rules.count { !$0.hasDecided }
    if silent > 0, summary.captures > 0 {
      words.append(
        "\(silent) of \(summary.rules.count) rules could decide in no capture for want of events.")
    }
    return words.isEmpty ? "Every capture was read whole." : words.joined(separator: " ")
  }

  /// The most frequent names of a table: `6.1.0 (12), 6.12.0 (3), 2 more`.
  static func names(_ table: NameTable, limit: Int = 4) -> String {
    let rows = table.rows.prefix(limit).map { "\($0.name) (\($0.captures))" }
    let rest = table.rows.count - rows.count
    return (rows + (rest > 0 ? ["\(rest) more"] : [])).joined(separator: ", ")
  }

  /// `Compared with base.json: 1 fixed, 2 of the earlier findings could not be judged this time.`; nil without a comparison.
  static func comparison(_ summary: BatchSummary) -> String? {
    summary.comparison.map(StandingWords.words)
  }

  /// Why a rule could decide nowhere: `not recorded: kmem:mm_page_free`.
  static func reason(_ silence: RuleSilence?, _ rule: RuleSum) -> String {
    guard let silence else {
      return rule.undecidable > 0 ? "undecidable" : "not recorded"
    }
    let words = silence.status == .undecidable ? "undecidable" : "not recorded"
    let missing = silence.missing.joined(separator: "; ")
    return missing.isEmpty ? words : "\(words): \(missing)"
  }
}
