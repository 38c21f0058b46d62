public import LedgerCore

/// What the formats of continuous integration are told beside analyses.
public struct CIOptions: Sendable {
  /// The text of the rules.
  public var manual: [RuleManual]
  /// Version of the command: `0.1.0`.
  public var version: String
  /// Where findings are shown, as the user said; nil for a line of source when it is known, else the capture.
  public var anchor: Anchor?
  /// Findings below it do not fail.
  public var threshold: Severity
  /// Findings that the baseline has too do not fail.
  public var onlyNew: Bool

  /// Options of a run; without any, each finding fails that is more than information.
  public init(
    manual: [RuleManual] = [], version: String = "", anchor: Anchor? = nil,
    threshold: Severity = .low, onlyNew: Bool = false
  ) {
    self.manual = manual
    self.version = version
    self.anchor = anchor
    self.threshold = threshold
    self.onlyNew = onlyNew
  }

  /// Whether a finding fails a run, as the exit code of the command has it.
  func fails(_ finding: Finding) -> Bool {
    guard finding.severity >= threshold, finding.severity > .info, finding.verdict != .explained
    else { return false }
    return finding.standing != .suppressed && (!onlyNew || finding.standing == .new)
  }
}

/// How loudly a finding is told where three levels are known.
enum CILevel: Int {
  case error, warning, note

  init(_ finding: Finding) {
    if finding.verdict == .explained {
      self = .note
      return
    }
    switch finding.severity {
    case .critical, .high: self = .error
    case .medium, .low: self = .warning
    case .info: self = .note
    }
  }
}
