internal import LedgerCore
internal import LedgerReplay

/// One way of misusing pages. A rule judges facts that the replay noted; it keeps no state of its own.
protocol Rule: Sendable {
  var description: RuleDescription { get }
  var requirements: Requirements { get }
  /// The facts it wants to see: a transition with any of these marks.
  var marks: Transition.Marks { get }
  /// Whether a transition is a case of it; nil when it is not.
  func charge(_ transition: Transition) -> Charge?
  /// The words for a finding; called once for each finding, not for each event.
  func story(_ transition: Transition, _ charge: Charge) -> Story
}

/// A rule's judgement of one transition.
struct Charge {
  var verdict: Verdict
  var severity: Severity
  /// Distinguishes causes within a rule; part of the finding's fingerprint.
  var variant: String
  /// The task that did it.
  var pid: Int32
  /// What other tasks did in between could turn the case over: a pid filter silences it.
  var dependsOnOthers = true
  /// Events that this case rests on beside those that the rule always needs.
  var alsoNeeds: [EventKind] = []
  /// The case proves by itself that the kernel is one that the rule is about.
  var isOfAnyKernel = false
  /// The cause is the task's, whatever blocks its pages lie in.
  var isPerTask = false
  /// Two records that disagree, and no third one: which of them is right is not known of this case. Another block of which the same is
  /// told is a third.
  var disagreement: String?
  /// The pages that share the cause, when they are more than the transition's own.
  var pages: ClosedRange<UInt64>?
}

/// The words of a finding.
struct Story {
  var title: String
  var advice: String
  var doubt: String
  /// Events beside the history of the page, in order of time.
  var extra: [Event] = []
  /// The history of the page belongs into the evidence.
  var showsHistory = true

  /// Doubt about a get from zero.
  static let setMayBeMissing =
    "false if the record is damaged: it stands where the page_ref_set of an allocation or a split is missing"
}

extension Transition {
  /// Words for the page's place: `page 5 of the order-3 block at 0x108f10`, or `page 0x108ebd`.
  var place: String {
    guard let block, block.order > 0 else { return "page \(hex(pfn))" }
    return "page \(block.index(of: pfn)) of the order-\(block.order) block at \(hex(block.head))"
  }

  /// Nothing may be concluded from what was not seen around this time.
  var isDark: Bool { marks.contains(.dark) }
}
