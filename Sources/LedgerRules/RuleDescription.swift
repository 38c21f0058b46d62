public import LedgerCore

/// What a rule is about: the text behind `pageledger rules`.
public struct RuleDescription: Sendable {
  /// `PL010`.
  public var id: String
  /// A few words.
  public var name: String
  /// The usual severity; a finding may weigh more or less by its effect.
  public var severity: Severity
  /// One sentence.
  public var summary: String
  /// Why it is wrong.
  public var truth: String
  /// Kernel versions it applies to.
  public var versions: String
  /// What has to be recorded, in words.
  public var needs: [String]
  /// The events that prove it.
  public var proof: String
  /// What looks like it and is legal.
  public var lookAlikes: String
  /// When it cannot decide.
  public var undecidable: String
  /// What to do about it.
  public var fix: String
  /// Where the kernel says so.
  public var source: String
  /// A short chain of events as they show in a capture.
  public var example: String
}

/// Which events a rule cannot do without.
struct Requirements: Sendable {
  /// Each of these must have been recorded.
  var all: [EventKind]
  /// Of each of these lists one must have been recorded.
  var any: [[EventKind]] = []
  /// The rule concludes from what was not seen, so gaps, filters and unordered clocks silence it.
  var restsOnAbsence: Bool
  /// The rule is about kernels before this one only.
  var before: KernelVersion?
  /// What the rule needs beside that to be called clean; its findings do not.
  var assurance: Assurance?

  /// Events without which a rule may have missed something.
  struct Assurance: Sendable {
    /// Of each of these lists one must have been recorded.
    var any: [[EventKind]]
    /// What was not seen without them.
    var words: String
  }
}
