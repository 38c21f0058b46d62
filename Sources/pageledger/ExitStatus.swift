import ArgumentParser
import LedgerCore

/// How a run ends; documented in the help and in the README.
enum ExitStatus: Int32 {
  case clean = 0
  case findings = 1
  case unreadable = 2
  case incomplete = 3
  case usage = 64
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
    case .usage: 6
    }
  }

  /// Keeps the worse of two.
  mutating func worsen(to other: ExitStatus) {
    if other.rank > rank { self = other }
  }

  /// Ends the command, because what was asked for makes no sense; for what only the run can tell.
  static func refuse(_ reason: String) throws -> Never {
    Diagnostics.say(reason)
    try Self.usage.exit()
  }

  /// Ends the command with this code.
  func exit() throws -> Never { throw ExitCode(rawValue) }
}

/// What makes a run fail.
struct FailurePolicy {
  /// Which findings fail a run.
  let bar: FailureBar
  let allowIncomplete: Bool

  /// The status of one capture.
  func status(of analysis: Analysis) -> ExitStatus {
    if analysis.verdict == .unreadable { return .unreadable }
    let failed = analysis.findings.contains { bar.fails($0.severity, $0.verdict, $0.standing) }
    if failed { return .findings }
    let gaps = analysis.losses.contains { $0.code.severity == .dataLoss }
    return (gaps || analysis.verdict == .incomplete) && !allowIncomplete ? .incomplete : .clean
  }

  /// The status of a batch.
  func status(of summary: BatchSummary) -> ExitStatus {
    var status = ExitStatus.clean
    if summary.troubleCount > 0 { status.worsen(to: .unreadable) }
    if summary.findings.contains(where: { bar.fails($0.severity, $0.verdict, $0.standing) }) {
      status.worsen(to: .findings)
    }
    let hasGaps = summary.statuses[.incomplete] ?? 0 > 0
    if hasGaps, !allowIncomplete { status.worsen(to: .incomplete) }
    return status
  }
}
