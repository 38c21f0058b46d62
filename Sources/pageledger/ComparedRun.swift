import LedgerBatch
import LedgerCore

/// The captures of one run on their way to its reports.
///
/// With a baseline or suppressions each waits for the next one: only the last tells what became of them in the whole run.
struct ComparedRun {
  private var expectations: Expectations
  private var findings = FindingSet()
  private var held: Analysis?

  init(_ expectations: Expectations) { self.expectations = expectations }

  /// Gives an analysis its standings; also what can be told now.
  mutating func take(_ analysis: Analysis) -> (judged: Analysis, ready: Analysis?) {
    var analysis = analysis
    expectations.judge(&analysis)
    guard expectations.areGiven else { return (analysis, analysis) }
    findings.add(analysis)
    defer { held = analysis }
    return (analysis, held)
  }

  /// What was held back.
  mutating func last() -> Analysis? {
    guard var analysis = held else { return nil }
    expectations.conclude(&analysis, run: findings)
    held = nil
    return analysis
  }
}
