import LedgerCore

/// What a rule came to in one capture, as a test.
struct RuleCase {
  enum Outcome {
    /// The rule could see, and nothing fails.
    case passed
    /// It says nothing; why.
    case skipped(String)
    case failed
    /// The capture could not be read.
    case broken(String)
  }

  /// `PL010 kvm refused tail pages`: the same in every run.
  let name: String
  let outcome: Outcome
  /// What it found: what fails, or what may pass.
  let findings: [Finding]

  /// A case for each rule that reported, in their order; before them one for a capture that could not be read.
  static func all(_ analysis: Analysis, _ options: CIOptions) -> [RuleCase] {
    var found: [String: [Finding]] = [:]
    for finding in StandingWords.ranked(analysis) {
      found[finding.rule, default: []].append(finding)
    }
    var cases: [RuleCase] = []
    if analysis.verdict == .unreadable {
      let reason = CIText.line(analysis.failure ?? "the capture could not be read")
      cases.append(RuleCase(name: "capture", outcome: .broken(reason), findings: []))
    }
    for rule in analysis.rules {
      let findings = found.removeValue(forKey: rule.id) ?? []
      let isWhole = analysis.verdict != .unreadable
      cases.append(
        RuleCase(
          name: CIText.line("\(rule.id) \(rule.name)", limit: 200),
          outcome: outcome(rule, findings, isWhole: isWhole, options), findings: findings))
    }
    for (rule, findings) in found.sorted(by: { $0.key < $1.key }) {
      let fails = findings.contains(where: options.fails)
      cases.append(
        RuleCase(name: CIText.line(rule), outcome: fails ? .failed : .passed, findings: findings))
    }
    return cases
  }

  private static func outcome(
    _ rule: RuleReport, _ findings: [Finding], isWhole: Bool, _ options: CIOptions
  ) -> Outcome {
    if findings.contains(where: options.fails) { return .failed }
    let missing = (rule.missing + [RecordAdvice.line(for: [rule])].compactMap(\.self))
      .joined(separator: "; ")
    switch rule.status {
    case .undecidable:
      return .skipped(CIText.line("undecidable" + (missing.isEmpty ? "" : ": \(missing)")))
    case .notRecorded:
      return .skipped(CIText.line("not recorded" + (missing.isEmpty ? "" : ": \(missing)")))
    case .clean, .findings:
      return isWhole ? .passed : .skipped("the capture could not be read to its end")
    }
  }
}
