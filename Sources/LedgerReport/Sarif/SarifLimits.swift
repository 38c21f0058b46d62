/// What GitHub's code scanning takes of a SARIF file; it refuses a whole file beyond them.
///
/// docs.github.com, "SARIF support for code scanning": 25,000 results a run, 1,000 locations a result, 20 tags a rule, 10 MB
/// compressed.
struct SarifLimits {
  /// Results of the run; those of lowest rank are left out.
  var results = 25_000
  /// Locations of one result.
  var locations = 1_000
  /// Events of a finding's chain; the middle ones are left out.
  var steps = 100
  /// Functions of a finding's call chains.
  var functions = 100
  /// Other captures of one finding of a batch; and of all findings.
  var captures = 0
  static let captureSum = 100_000
  /// Findings of a batch whose evidence is fetched; GitHub shows no more.
  static let full = 5_000
  /// Tags of a rule.
  static let tags = 20
  /// Bytes of the file when it is compressed, a little below what is taken.
  static let compressed = 9_500_000
  /// Captures with an invocation of their own, and notifications of one of them.
  static let invocations = 1_000
  static let notifications = 100

  /// The largest number of other captures that all findings may have, for their numbers of captures.
  mutating func share(_ counts: [Int]) {
    let steps = [999, 500, 250, 100, 50, 20, 10, 5, 2, 1]
    captures =
      steps.first { step in
        counts.reduce(0) { $0 + min(step, max(0, $1 - 1)) } <= Self.captureSum
      } ?? 0
  }

  /// The next smaller set, for a file that packed to `size` bytes: first other captures go, then the chains, then the code, then the
  /// results of lowest rank.
  mutating func reduce(size: Int) {
    if captures > 10 {
      captures = 10
    } else if captures > 0, steps <= 10 {
      captures = 0
    } else if steps > 10 {
      steps = 10
    } else if steps > 0 {
      steps = 0
      functions = 4
    } else {
      // A tenth at least, so that it ends; a little more than the share, as the rest does not shrink.
      let share = Double(results) * Double(Self.compressed) / Double(max(1, size)) * 0.97
      results = min(results * 9 / 10, Int(share))
    }
  }
}
