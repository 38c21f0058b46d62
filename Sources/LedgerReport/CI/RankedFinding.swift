import LedgerCore

/// A finding of a run over several captures, in the order in which a limit cuts: what is new and weighs most comes first.
struct RankedFinding {
  /// Place of its capture.
  let capture: Int
  let finding: Finding

  /// All findings of a run; equal ones in the order of captures and of their reports.
  static func all(_ analyses: [Analysis]) -> [RankedFinding] {
    let rows = analyses.enumerated().flatMap { capture, analysis in
      analysis.findings.map { RankedFinding(capture: capture, finding: $0) }
    }
    return rows.enumerated().map { (key: key($1.finding), place: $0, row: $1) }
      .sorted { ($0.key, $0.place) < ($1.key, $1.place) }.map(\.row)
  }

  /// The order of the findings of a batch, as places in its summary.
  static func order(_ findings: [FingerprintSum]) -> [Int] {
    let keys = findings.map { key($0.standing, $0.severity, $0.verdict) }
    return findings.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  private static func key(_ finding: Finding) -> Int {
    key(finding.standing, finding.severity, finding.verdict)
  }

  private static func key(_ standing: Standing?, _ severity: Severity, _ verdict: Verdict) -> Int {
    let standing =
      switch standing {
      case .new: 0
      case nil: 1
      case .known: 2
      case .suppressed: 3
      }
    let severity = severity.rank
    let verdict = verdict.rank
    return standing * 100 + (Severity.allCases.count - 1 - severity) * 10 + verdict
  }
}
