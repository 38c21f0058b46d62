/// How sure a rule is.
public enum Verdict: String, Sendable, CaseIterable {
  /// Every link was observed and nothing was lost in between.
  case proven
  /// One link was inferred.
  case likely
  /// A heuristic fits.
  case suspect
  /// It looks wrong and is legal.
  case explained

  /// Place in the order of certainty, 0 for what is proven.
  public var rank: Int {
    switch self {
    case .proven: 0
    case .likely: 1
    case .suspect: 2
    case .explained: 3
    }
  }
}

/// What a misuse costs, by its effect.
public enum Severity: String, Sendable, CaseIterable, Comparable {
  case info, low, medium, high, critical

  /// Place in the order of weight, 0 for `info`.
  public var rank: Int {
    switch self {
    case .info: 0
    case .low: 1
    case .medium: 2
    case .high: 3
    case .critical: 4
    }
  }

  /// Orders by weight, `info` first.
  public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// The kind of a block of pages.
public enum BlockKind: String, Sendable {
  /// A single page.
  case order0 = "order-0"
  /// Allocated with `__GFP_COMP`: tails share the head's count.
  case compound
  /// Order above 0 without `__GFP_COMP`: tails have no count and no link to the head.
  case plain
  /// Was plain or compound; each page now has a life of its own.
  case split
  /// Born before the capture, or its gfp flags could not be read.
  case unknown
}

/// The block that a finding is about.
public struct BlockReference: Sendable, Equatable {
  /// First page frame.
  public var pfn: UInt64
  /// log2 of its pages.
  public var order: UInt8
  /// What it was allocated as.
  public var kind: BlockKind

  /// Names a block.
  public init(pfn: UInt64, order: UInt8, kind: BlockKind) {
    self.pfn = pfn
    self.order = order
    self.kind = kind
  }
}

/// Which clock a time was read from.
public enum EvidenceClock: String, Sendable {
  /// That of the capture's events.
  case capture
  /// printk's: nanoseconds since boot. Nothing says how it relates to the capture's.
  case printk
  /// The log has no times.
  case none
}

/// One event that proves a finding, with the state of the page on both sides of it.
public struct Evidence: Sendable, Equatable {
  /// When, in the unit of the capture.
  public var time: UInt64
  /// The CPU that recorded it.
  public var cpu: Int
  /// Thread id, -1 when unknown.
  public var pid: Int32
  /// Task name, empty when unknown.
  public var comm: String
  /// Name of the event.
  public var event: String
  /// The event's fields, `name=value`.
  public var text: String
  /// State before, in words: `live, count 1`.
  public var before: String
  /// State after.
  public var after: String
  /// Which clock `time` is from.
  public var clock = EvidenceClock.capture
  /// Number of the line in the kernel's log, from 1; nil for an event.
  public var line: UInt64?

  /// An event in the chain of a finding.
  public init(
    time: UInt64, cpu: Int, pid: Int32, comm: String, event: String, text: String, before: String,
    after: String
  ) {
    self.time = time
    self.cpu = cpu
    self.pid = pid
    self.comm = comm
    self.event = event
    self.text = text
    self.before = before
    self.after = after
  }
}

/// One defect, however many pages and events it shows on.
public struct Finding: Sendable {
  /// Fingerprint of rule and cause, stable across boots; made of names and orders, never of a pfn or an address.
  public var id: String
  /// `PL010`.
  public var rule: String
  /// How sure the rule is.
  public var verdict: Verdict
  /// What the misuse costs.
  public var severity: Severity
  /// One sentence that names what happened.
  public var title: String
  /// The page the evidence shows; `Event.noFrame` when the kernel's log names none.
  public var pfn: UInt64
  /// All pages that share the cause, as closed ranges in ascending order.
  public var pageRanges: [ClosedRange<UInt64>]
  /// The block the pages belong to, nil when it is not known.
  public var block: BlockReference?
  /// How often it happened.
  public var occurrences: UInt64
  /// When it happened first, in the unit of the capture.
  public var firstTime: UInt64
  /// When it happened last.
  public var lastTime: UInt64
  /// The CPU of the first occurrence.
  public var cpu: Int
  /// The thread of the first occurrence, -1 when unknown.
  public var pid: Int32
  /// That thread's name, empty when unknown.
  public var comm: String
  /// The events that prove it, oldest first.
  public var evidence: [Evidence]
  /// What to do.
  public var advice: String
  /// What would make the finding false.
  public var doubt: String
  /// Findings of one cause share a number, from 1; the first of them is the one that weighs most.
  public var story = 0
  /// What the ledger knew of the page when the kernel complained; empty for findings of the ledger itself.
  public var ledger = ""
  /// Which clock `firstTime` and `lastTime` are from.
  public var clock = EvidenceClock.capture
  /// Ids of findings about the same page or its block, from the other witness: the kernel's log or the ledger.
  public var related: [String] = []
  /// The code that allocated, held and freed the page, as far as call chains were recorded.
  public var paths: [CodePath] = []
  /// Fingerprint of rule and functions of `paths`; empty when no function is known. `id` never depends on it, because one
  /// capture exported with and without call chains has to give the same ids.
  public var pathID = ""
  /// How it stands to an earlier run; nil when it was compared with none and no suppression covers it.
  public var standing: Standing?

  /// `pfn`, or nil when the finding names no page.
  public var frame: UInt64? { pfn == Event.noFrame ? nil : pfn }

  /// How many pages the finding covers.
  public var pages: UInt64 {
    pageRanges.reduce(0) { $0 &+ ($1.upperBound &- $1.lowerBound &+ 1) }
  }

  /// A finding with all its parts.
  public init(
    id: String, rule: String, verdict: Verdict, severity: Severity, title: String, pfn: UInt64,
    pageRanges: [ClosedRange<UInt64>], block: BlockReference?, occurrences: UInt64,
    firstTime: UInt64,
    lastTime: UInt64, cpu: Int, pid: Int32, comm: String, evidence: [Evidence], advice: String,
    doubt: String
  ) {
    self.id = id
    self.rule = rule
    self.verdict = verdict
    self.severity = severity
    self.title = title
    self.pfn = pfn
    self.pageRanges = pageRanges
    self.block = block
    self.occurrences = occurrences
    self.firstTime = firstTime
    self.lastTime = lastTime
    self.cpu = cpu
    self.pid = pid
    self.comm = comm
    self.evidence = evidence
    self.advice = advice
    self.doubt = doubt
  }
}
