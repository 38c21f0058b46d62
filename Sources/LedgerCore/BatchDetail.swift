/// One capture of a batch, as reports list it.
public struct BatchCapture: Sendable, Equatable {
  /// Its name, kernel and labels.
  public var sighting: Sighting
  /// How the work on it ended.
  public var status: CaptureStatus
  /// As in `CaptureInfo`.
  public var kind = ""
  /// Records in it, of any kind.
  public var eventsRead: UInt64 = 0
  /// Different findings.
  public var findings = 0
  /// The highest of its findings; nil without any.
  public var severity: Severity?
  /// Codes of what it lacks, each once, in the order of the capture.
  public var losses: [LossCode] = []
  /// Why there is no result.
  public var error = ""

  /// A capture of which nothing but its name and status is known.
  public init(sighting: Sighting, status: CaptureStatus) {
    self.sighting = sighting
    self.status = status
  }
}

/// The captures of one job in a batch, and what each rule said of them.
public struct JobSum: Sendable, Equatable {
  /// The label `job`; empty for captures without it.
  public var name: String
  /// Captures whose rules reported.
  public var captures = 0
  /// By id; only those that reported.
  public var rules: [RuleSum] = []

  /// A job of which nothing is known yet.
  public init(name: String) { self.name = name }
}

/// Why a rule could not decide, as most of the captures say in which it could not.
public struct RuleSilence: Sendable, Equatable {
  /// `undecidable` or `notRecorded`.
  public var status: RuleStatus
  /// What to record, or what stood in its way.
  public var missing: [String]
  /// A capture that says so.
  public var path: String

  /// The words of one capture.
  public init(status: RuleStatus, missing: [String], path: String) {
    self.status = status
    self.missing = missing
    self.path = path
  }
}

/// A batch with all its captures, for reports that name them.
public struct BatchDetail {
  /// What `summary.json` says.
  public var summary: BatchSummary
  /// Ascending by path.
  public var captures: [BatchCapture] = []
  /// For each finding of the summary the captures that have it, as places in `captures`, ascending; the first 1,000, fewer when
  /// there are millions in all.
  public var places: [[UInt32]] = []
  /// By name, captures without a job first.
  public var jobs: [JobSum] = []
  /// By id of the rule.
  public var silences: [String: RuleSilence] = [:]
  /// Fetches the worst example of a finding of the summary, by its place: its capture with this finding only, evidence and all; nil
  /// when it was not kept.
  public var example: (Int) -> Analysis? = { _ in nil }

  /// A batch of which only the summary is known.
  public init(_ summary: BatchSummary) { self.summary = summary }
}
