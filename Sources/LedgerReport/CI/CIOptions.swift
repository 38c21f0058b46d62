public import LedgerCore

/// What the formats of continuous integration are told beside analyses.
public struct CIOptions: Sendable {
  /// The text of the rules.
  public var manual: [RuleManual]
  /// Version of the command: `0.1.0`.
  public var version: String
  /// Where findings are shown, as the user said; nil for a line of source when it is known, else the capture.
  public var anchor: Anchor?
  /// Which findings fail.
  public var bar: FailureBar

  /// Options of a run.
  public init(
    manual: [RuleManual] = [], version: String = "", anchor: Anchor? = nil,
    bar: FailureBar = FailureBar()
  ) {
    self.manual = manual
    self.version = version
    self.anchor = anchor
    self.bar = bar
  }

  /// Whether a finding fails a run, as the exit code of the command has it.
  func fails(_ finding: Finding) -> Bool {
    bar.fails(finding.severity, finding.verdict, finding.standing)
  }

  /// The same for all findings of one cause in a batch.
  func fails(_ finding: FingerprintSum) -> Bool {
    bar.fails(finding.severity, finding.verdict, finding.standing)
  }
}

/// How loudly a finding is told where three levels are known.
enum CILevel: Int {
  case error, warning, note

  init(_ finding: Finding) { self.init(finding.severity, finding.verdict) }

  init(_ severity: Severity, _ verdict: Verdict) {
    if verdict == .explained {
      self = .note
      return
    }
    switch severity {
    case .critical, .high: self = .error
    case .medium, .low: self = .warning
    case .info: self = .note
    }
  }
}
