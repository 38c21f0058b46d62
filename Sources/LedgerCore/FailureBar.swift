/// Which findings fail a run: of the command by its exit code, and of CI by its formats.
public struct FailureBar: Sendable, Equatable {
  /// Findings below it do not fail.
  public var threshold: Severity
  /// Findings that the baseline has too do not fail.
  public var onlyNew: Bool

  /// Without any choice, each finding fails that is more than information.
  public init(threshold: Severity = .low, onlyNew: Bool = false) {
    self.threshold = threshold
    self.onlyNew = onlyNew
  }

  /// Legal oddities, information and what a suppression covers never fail.
  public func fails(_ severity: Severity, _ verdict: Verdict, _ standing: Standing?) -> Bool {
    guard severity >= threshold, severity > .info, verdict != .explained else { return false }
    return standing != .suppressed && (!onlyNew || standing == .new)
  }
}
