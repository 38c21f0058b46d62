public import LedgerCore

/// What a run is held against: an earlier run, and the suppressions of the project.
public struct Expectations: Sendable {
  /// An earlier run; nil for none.
  public var baseline: FindingSet?
  /// What the project does not want to hear about; nil for none.
  public var suppressions: Suppressions?

  /// Nothing is expected.
  public init(baseline: FindingSet? = nil, suppressions: Suppressions? = nil) {
    self.baseline = baseline
    self.suppressions = suppressions
  }

  /// Something is expected.
  public var areGiven: Bool { baseline != nil || suppressions != nil }

  /// True when a suppression covers a finding of a capture; notes that it was used.
  mutating func suppress(_ finding: FindingRow, in path: String) -> Bool {
    suppressions?.cover(finding, in: path) ?? false
  }

  /// How a finding stands that no suppression covers.
  private func standing(_ id: String) -> Standing? {
    guard let baseline else { return nil }
    return baseline.has(id) ? .known : .new
  }

  /// How a finding of a capture stands; nil when nothing is expected.
  mutating func standing(of finding: FindingRow, in path: String) -> Standing? {
    guard areGiven else { return nil }
    return suppress(finding, in: path) ? .suppressed : standing(finding.id)
  }

  /// Gives each finding of an analysis its standing.
  public mutating func judge(_ analysis: inout Analysis) {
    guard areGiven else { return }
    analysis.comparison = Comparison(baseline: baseline?.name ?? "")
    for index in analysis.findings.indices {
      let finding = analysis.findings[index]
      let isCovered = suppress(FindingRow(finding), in: analysis.capture.path)
      analysis.findings[index].standing = isCovered ? .suppressed : standing(finding.id)
    }
  }

  /// Says in the last analysis of a run what became of the other findings of the baseline; `run` has all findings of the run.
  public func conclude(_ analysis: inout Analysis, run: FindingSet) {
    guard areGiven else { return }
    analysis.comparison = comparison(to: run)
    analysis.comparison?.remarks = remarks
  }

  /// The same for all captures of a batch.
  mutating func judge(_ summary: inout BatchSummary) {
    guard areGiven else { return }
    for index in summary.findings.indices {
      let finding = summary.findings[index]
      summary.findings[index].standing =
        finding.suppressed == finding.captures ? .suppressed : standing(finding.id)
    }
    summary.comparison = comparison(to: FindingSet(summary))
    summary.comparison?.remarks = remarks
  }

  private func comparison(to later: FindingSet) -> Comparison {
    var comparison = Comparison(baseline: baseline?.name ?? "")
    if let baseline {
      let gone = baseline.absent(from: later)
      comparison.fixed = gone.fixed
      comparison.unjudged = gone.unjudged
    }
    return comparison
  }

  /// What is wrong with the suppressions, once everything was judged.
  public var remarks: [String] { suppressions?.remarks ?? [] }
}
