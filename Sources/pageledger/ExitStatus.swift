import ArgumentParser
import LedgerCore

/// How a run ends; documented in the help and in the README.
enum ExitStatus: Int32 {
  case clean = 0
  case findings = 1
  case unreadable = 2
  case incomplete = 3
  case internalError = 70
  case interrupted = 130

  /// Weight when several captures end differently.
  private var rank: Int {
    switch self {
    case .clean: 0
    case .incomplete: 1
    case .findings: 2
    case .unreadable: 3
    case .interrupted: 4
    case .internalError: 5
    }
  }

  /// Keeps the worse of two.
  mutating func worsen(to other: ExitStatus) {
    if other.rank > rank { self = other }
  }

  /// Ends the command with this code.
  func exit() throws -> Never { throw ExitCode(rawValue) }
}

/// What makes a run fail.
struct FailurePolicy {
  /// Findings below it do not fail a run; legal oddities never do.
  let threshold: Severity
  let allowIncomplete: Bool

  /// The status of one capture.
  func status(of analysis: Analysis) -> ExitStatus {
    if analysis.verdict == .unreadable { return .unreadable }
    let failed = analysis.findings.contains {
      $0.severity >= threshold && $0.severity > .info && $0.verdict != .explained
    }
    if failed { return .findings }
    let gaps = analysis.losses.contains { $0.code.severity == .dataLoss }
    return (gaps || analysis.verdict == .incomplete) && !allowIncomplete ? .incomplete : .clean
  }
}
