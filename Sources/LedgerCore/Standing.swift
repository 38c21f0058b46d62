/// How a finding stands to an earlier run that it is compared with.
public enum Standing: String, Sendable, CaseIterable {
  /// The earlier run does not have it.
  case new
  /// The earlier run has it too.
  case known
  /// A suppression of the project covers it.
  case suppressed
}

/// What the comparison with an earlier run says beyond the standing of each finding.
public struct Comparison: Sendable {
  /// Where the earlier run was read from, as the user named it; empty when only suppressions were applied.
  public var baseline: String
  /// Findings that the earlier run has and this one lacks, although their rule could see.
  public var fixed: [BaselineFinding] = []
  /// Findings that the earlier run has and this one lacks, and their rule could not decide.
  public var unjudged: [BaselineFinding] = []
  /// What is wrong with the suppressions: expired, unused, malformed; a sentence each.
  public var remarks: [String] = []

  /// A comparison with one earlier run.
  public init(baseline: String) {
    self.baseline = baseline
  }
}

/// A finding of an earlier run, as far as its summary keeps it.
public struct BaselineFinding: Sendable, Equatable {
  /// `Finding.id`.
  public var id: String
  /// `PL010`.
  public var rule: String
  /// One sentence that named what happened.
  public var title: String

  /// A finding of an earlier run.
  public init(id: String, rule: String, title: String) {
    self.id = id
    self.rule = rule
    self.title = title
  }
}

/// What one run found that another one did not.
public struct Difference: Sendable {
  /// The earlier and the later run, as the user named them.
  public var earlier = ""
  /// The later run, as the user named it.
  public var later = ""
  /// Only the later run has them.
  public var new: [BaselineFinding] = []
  /// Both have them.
  public var known: [BaselineFinding] = []
  /// Only the earlier run has them, and their rules could decide in the later one.
  public var fixed: [BaselineFinding] = []
  /// Only the earlier run has them, and their rules could not decide in the later one.
  public var unjudged: [BaselineFinding] = []
  /// Ids of those in `new` whose rules could not decide in the earlier run: they may be older than they seem.
  public var unseen: [String] = []

  /// No difference.
  public init() {}
}
