/// Whether a rule could see what it needs.
public enum RuleStatus: String, Sendable {
  /// Its events were covered from start to end, and it found nothing.
  case clean
  case findings
  /// Something was missing, so that silence proves nothing.
  case undecidable
  /// An event it cannot do without was not recorded.
  case notRecorded = "not-recorded"
}

/// What a rule has to say about one capture.
public struct RuleReport: Sendable {
  /// `PL010`.
  public var id: String
  /// The rule's name in a few words.
  public var name: String
  /// Whether it could decide, and what it found.
  public var status: RuleStatus
  /// What to record so that the rule can decide, or what stood in its way.
  public var missing: [String]
  /// Events fit the rule's pattern, and what is missing keeps them from being a finding.
  public var isUnproven = false

  /// The report of one rule.
  public init(id: String, name: String, status: RuleStatus, missing: [String]) {
    self.id = id
    self.name = name
    self.status = status
    self.missing = missing
  }
}

/// The answer to "was a page misused?"
public enum AnalysisVerdict: String, Sendable {
  case clean
  case findings
  /// Nothing was found, but the capture has gaps, no rule had its events, or what fits a rule could not be believed.
  case incomplete
  /// The capture could not be read.
  case unreadable
}

/// All that is known about one capture.
public struct Analysis: Sendable {
  /// The answer in one word.
  public var verdict: AnalysisVerdict
  /// What the capture says about itself.
  public var capture: CaptureInfo
  /// Events that the replay used.
  public var eventsUsed: UInt64
  /// What was lost or damaged.
  public var losses: [Loss]
  /// What each rule has to say, by id.
  public var rules: [RuleReport]
  /// Strongest first.
  public var findings: [Finding]
  /// Patterns that look wrong and are legal, and how often each was seen.
  public var explained: [Explained] = []
  /// Where the names of functions come from, in order of trust.
  public var symbols: [SymbolSource] = []
  /// Addresses in `Finding.paths` that nothing names.
  public var unnamedAddresses = 0
  /// The comparison with an earlier run and the suppressions; nil when none was asked for.
  public var comparison: Comparison?
  /// Why the capture could not be read; nil when it was read.
  public var failure: String?

  /// An analysis with all its parts.
  public init(
    verdict: AnalysisVerdict, capture: CaptureInfo, eventsUsed: UInt64, losses: [Loss],
    rules: [RuleReport],
    findings: [Finding], failure: String? = nil
  ) {
    self.verdict = verdict
    self.capture = capture
    self.eventsUsed = eventsUsed
    self.losses = losses
    self.rules = rules
    self.findings = findings
    self.failure = failure
  }
}
