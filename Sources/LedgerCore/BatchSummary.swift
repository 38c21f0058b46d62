/// How the work on one capture of a batch ended.
public enum CaptureStatus: String, Sendable, CaseIterable {
  /// It was read whole, and nothing was found.
  case ok
  case findings
  /// Nothing was found, but the capture has gaps, no rule had its events, or what fits a rule could not be believed.
  case incomplete
  /// It could not be read.
  case unreadable
  /// The process that read it ended, twice, or took more memory than it may.
  case crash
  /// It took longer than it may.
  case timeout
}

/// A name and how many captures have it.
public struct NameCount: Sendable, Equatable {
  /// A kernel, a job, a host, a kind.
  public var name: String
  /// Captures with it.
  public var captures: Int

  /// A row of a table of names.
  public init(name: String, captures: Int) {
    self.name = name
    self.captures = captures
  }
}

/// Names by how often they occur, the most frequent first; of equally frequent ones by name.
public struct NameTable: Sendable, Equatable {
  /// The names that are kept.
  public var rows: [NameCount] = []
  /// Captures with a name that found no room.
  public var others = 0

  /// An empty table.
  public init() {}
}

/// All losses of one code in a batch.
public struct LossSum: Sendable, Equatable {
  /// What was lost.
  public var code: LossCode
  /// Captures that have it.
  public var captures: Int
  /// Sum of the counts; `UInt64.max` when it is larger.
  public var count: UInt64

  /// A row of the account.
  public init(code: LossCode, captures: Int, count: UInt64) {
    self.code = code
    self.captures = captures
    self.count = count
  }
}

/// In how many captures a rule could decide.
public struct RuleSum: Sendable, Equatable {
  /// `PL010`.
  public var id: String
  /// The rule's name in a few words; empty when this version has no such rule.
  public var name: String
  /// Captures by what the rule said about them.
  public var clean = 0
  /// Captures in which it found something.
  public var findings = 0
  /// Captures in which it could not decide.
  public var undecidable = 0
  /// Captures without the events that it needs.
  public var notRecorded = 0
  /// Jobs of the captures in which it decided, ascending; empty when captures have no label `job`.
  public var jobs: [String] = []

  /// A rule that has said nothing yet.
  public init(id: String, name: String) {
    self.id = id
    self.name = name
  }

  /// It could decide somewhere.
  public var hasDecided: Bool { clean > 0 || findings > 0 }
}

/// Where in a batch a finding was seen.
public struct Sighting: Sendable, Equatable {
  /// Name of the capture.
  public var path = ""
  /// Release of its kernel, or its label `kernel`.
  public var kernel = ""
  /// Its labels: name and value, by name.
  public var labels: [(name: String, value: String)] = []

  /// Nowhere.
  public init() {}

  /// The value of a label, empty when it has none.
  public func label(_ name: String) -> String { labels.first { $0.name == name }?.value ?? "" }

  /// Compares all parts.
  public static func == (a: Sighting, b: Sighting) -> Bool {
    a.path == b.path && a.kernel == b.kernel && a.labels.elementsEqual(b.labels, by: ==)
  }
}

/// The capture that shows a finding best.
public struct WorstExample: Sendable, Equatable {
  /// Where it is.
  public var sighting = Sighting()
  /// Page that its evidence shows; nil when none is named.
  public var pfn: UInt64?
  /// Pages that share the cause there.
  public var pages: UInt64 = 0
  /// How often it happened there.
  public var occurrences: UInt64 = 0
  /// Task of the first occurrence, empty when unknown.
  public var task = ""
  /// Functions on its paths, the innermost first.
  public var functions: [String] = []
  /// The events that prove it; empty for findings far down the list.
  public var evidence: [Evidence] = []
  /// What to do, and what would make it false; empty where `evidence` is.
  public var advice = ""
  /// What would make it false; empty where `evidence` is.
  public var doubt = ""

  /// An example of nothing.
  public init() {}
}

/// All findings of one id in a batch.
public struct FingerprintSum: Sendable, Equatable {
  /// `Finding.id`.
  public var id: String
  /// `PL010`.
  public var rule: String
  /// The highest of all captures.
  public var severity: Severity
  /// The strongest of all captures.
  public var verdict: Verdict
  /// Of the worst example.
  public var title: String
  /// How it stands to the baseline and the suppressions; nil without both.
  public var standing: Standing?
  /// Captures that have it.
  public var captures = 0
  /// Those of them in which a suppression covers it.
  public var suppressed = 0
  /// How often it happened in all of them; `UInt64.max` when it is more.
  public var occurrences: UInt64 = 0
  /// Fingerprints of the code that led to it, ascending, at most 16.
  public var pathIDs: [String] = []
  /// Captures by kernel.
  public var kernels = NameTable()
  /// Captures by the label `job`.
  public var jobs = NameTable()
  /// Captures by the label `host`.
  public var hosts = NameTable()
  /// Captures by the label `commit`.
  public var commits = NameTable()
  /// The first and the last capture that has it, by the label `date`, then by path.
  public var first = Sighting()
  /// The last capture that has it, by the label `date`, then by path.
  public var last = Sighting()
  /// The capture to look at.
  public var example = WorstExample()

  /// A fingerprint that was seen nowhere yet.
  public init(id: String, rule: String, severity: Severity, verdict: Verdict, title: String) {
    self.id = id
    self.rule = rule
    self.severity = severity
    self.verdict = verdict
    self.title = title
  }
}

/// A capture that has no result, and why.
public struct Trouble: Sendable, Equatable {
  /// Name of the capture.
  public var path: String
  /// `unreadable`, `crash` or `timeout`.
  public var status: CaptureStatus
  /// In words.
  public var error: String

  /// A row of the list of troubles.
  public init(path: String, status: CaptureStatus, error: String) {
    self.path = path
    self.status = status
    self.error = error
  }
}

/// What a batch says about all its captures; depends on nothing but them, their labels, the baseline and the suppressions.
public struct BatchSummary: Sendable {
  /// Name and version of the command.
  public var tool: String
  /// Names the rules of that version.
  public var ruleSet: String
  /// Inputs that were asked for: files, and folders that are one capture.
  public var inputs = 0
  /// Those without a result yet; above 0 the run was ended early.
  public var remaining = 0
  /// Captures in them.
  public var captures = 0
  /// Files that are no captures.
  public var skipped = 0
  /// Captures by status.
  public var statuses: [CaptureStatus: Int] = [:]
  /// Records in all captures, and those that the replay used.
  public var eventsRead: UInt64 = 0
  /// Records that the replay used.
  public var eventsUsed: UInt64 = 0
  /// Captures by kind.
  public var kinds = NameTable()
  /// Captures by kernel.
  public var kernels = NameTable()
  /// Captures by the label `job`.
  public var jobs = NameTable()
  /// Captures by the label `host`.
  public var hosts = NameTable()
  /// By code.
  public var losses: [LossSum] = []
  /// By id.
  public var rules: [RuleSum] = []
  /// The worst first: by severity, verdict, captures, id.
  public var findings: [FingerprintSum] = []
  /// The first of them by path.
  public var troubles: [Trouble] = []
  /// How many there are.
  public var troubleCount = 0
  /// The comparison with an earlier run and the suppressions; nil when none was asked for.
  public var comparison: Comparison?

  /// A summary of nothing.
  public init(tool: String, ruleSet: String) {
    self.tool = tool
    self.ruleSet = ruleSet
  }
}
