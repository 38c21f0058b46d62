internal import LedgerCore
internal import LedgerReplay

/// A finding that still grows.
struct Draft {
  struct Item {
    var event: Event
    var before: String
    var after: String
    /// Call chain of the event, 0 when it has none.
    var stack: UInt32 = 0
    /// Put together from what is known of a block: its place in the capture is not known.
    var isRebuilt = false
  }

  /// Number of the draft, in the order of their making.
  var serial: UInt64 = 0
  var rule: Int
  var charge: Charge
  var story: Story
  var block: BlockView?
  var pfn: UInt64
  var pages = FrameSet()
  var occurrences: UInt64 = 0
  var firstTime: UInt64
  var lastTime: UInt64
  var evidence: [Item]
  var caseEvent: Event
  /// The doubt it had before another one of which the same is told proved it; nil when none did.
  var doubtAlone: String?

  mutating func insert(_ charge: Charge, _ transition: Transition) {
    guard let range = charge.pages else {
      return transition.pfn == Event.noFrame ? () : pages.insert(transition.pfn)
    }
    pages.insert(range)
  }
}

/// Collects charges into findings: one a block and cause, or one a task and cause for single pages.
struct FindingLedger {
  /// Findings kept; beyond it only the number of the others is counted.
  static let limit = 100_000
  private static let lookBack = 256

  private struct Key: Hashable {
    var rule: Int
    var variant: String
    var block: UInt64
    var born: UInt64
    var pid: Int32
    /// What is certain of some pages of a task is not said of others by the way.
    var isCertain: Bool
  }

  private(set) var drafts: [Draft] = []
  private var places: [Key: Int] = [:]
  /// The charge before, for a fault that repeats itself page by page.
  private var last: (key: Key, place: Int)?
  private(set) var dropped: UInt64 = 0
  /// Drafts made so far.
  private(set) var made: UInt64 = 0
  /// A rule, and what two records disagree on.
  private struct Disagreement: Hashable {
    var rule: Int
    var words: String

    init?(_ rule: Int, _ charge: Charge) {
      guard let words = charge.disagreement else { return nil }
      self.rule = rule
      self.words = words
    }
  }

  /// Drafts of cases in which two records disagree.
  private var disagreements: [Disagreement: Int] = [:]
  /// Drafts of the last batch.
  private(set) var incomplete: [Int] = []

  /// Drafts whose call chains may still come, by their serial numbers.
  var waiting: Set<UInt64> {
    Set(incomplete.filter { drafts.indices.contains($0) }.map { drafts[$0].serial })
  }

  mutating func add(
    _ charge: Charge, rule number: Int, _ transition: Transition, _ replay: borrowing Replay
  ) {
    let block = charge.isPerTask ? nil : transition.block
    let key = Key(
      rule: number, variant: charge.variant, block: block?.head ?? Event.noFrame,
      born: block?.time ?? 0, pid: block == nil ? charge.pid : 0,
      isCertain: block != nil || charge.disagreement != nil || charge.verdict == .proven)
    guard let place = place(of: key) else { return open(key, charge, transition, replay) }
    var charge = charge
    if charge.disagreement != nil, transition.pfn != drafts[place].pfn {
      charge.verdict = .proven
      drafts[place].doubtAlone = nil
    }
    if isStronger(charge, than: drafts[place].charge) {
      rewrite(place, charge, transition, replay)
    }
    drafts[place].insert(charge, transition)
    drafts[place].occurrences &+= 1
    drafts[place].lastTime = max(drafts[place].lastTime, transition.event.time)
  }

  private mutating func place(of key: Key) -> Int? {
    if let last, last.key == key { return last.place }
    guard let place = places[key] else { return nil }
    last = (key, place)
    return place
  }

  /// Looks once more for call chains that come a batch later than their events.
  mutating func completeStacks(_ replay: borrowing Replay) {
    for index in incomplete where drafts.indices.contains(index) {
      for item in drafts[index].evidence.indices where !drafts[index].evidence[item].isRebuilt {
        drafts[index].evidence[item].stack = StackTable.joined(
          drafts[index].evidence[item].stack,
          replay.stack(of: drafts[index].evidence[item].event))
      }
    }
    incomplete.removeAll(keepingCapacity: true)
  }

  /// Drops what was concluded from absence since a time at which, as is known now, events were missing.
  mutating func retract(since time: UInt64, rules: [any Rule]) {
    let isUntouched = { (draft: Draft) in
      draft.firstTime < time || !rules[draft.rule].requirements.restsOnAbsence
    }
    guard !drafts.allSatisfy(isUntouched) else { return }
    last = nil
    places = places.filter { isUntouched(drafts[$0.value]) }
    var moved: [Int: Int] = [:]
    var kept: [Draft] = []
    for (index, draft) in drafts.enumerated() where isUntouched(draft) {
      moved[index] = kept.count
      kept.append(draft)
    }
    drafts = kept
    disagreements = kept.reduce(into: [:]) { counts, draft in
      if let own = Disagreement(draft.rule, draft.charge) { counts[own, default: 0] += 1 }
    }
    places = places.compactMapValues { moved[$0] }
    doubtWhoIsAlone()
  }

  /// What another one proved that was dropped is as likely as it was.
  private mutating func doubtWhoIsAlone() {
    for index in drafts.indices {
      guard let doubt = drafts[index].doubtAlone,
        let own = Disagreement(drafts[index].rule, drafts[index].charge), disagreements[own] == 1
      else { continue }
      drafts[index].charge.verdict = .likely
      drafts[index].story.doubt = doubt
      drafts[index].doubtAlone = nil
    }
  }

  private mutating func open(
    _ key: Key, _ charge: Charge, _ transition: Transition, _ replay: borrowing Replay
  ) {
    guard drafts.count < Self.limit else {
      dropped &+= 1
      return
    }
    var charge = charge
    let disagreement = Disagreement(key.rule, charge)
    let others = disagreement.map { disagreements[$0, default: 0] } ?? 0
    var doubtAlone: String?
    // Two blocks of which the same is told are no damaged record.
    if others > 0, charge.verdict != .proven {
      doubtAlone = RuleCatalog.rules[key.rule].story(transition, charge).doubt
      charge.verdict = .proven
    }
    let story = RuleCatalog.rules[key.rule].story(transition, charge)
    if let disagreement {
      disagreements[disagreement] = others + 1
      if others == 1 { prove(disagreement, story.doubt) }
    }
    let chain = EvidenceChain(transition, story, replay)
    var draft = Draft(
      rule: key.rule, charge: charge, story: story, block: transition.block, pfn: transition.pfn,
      occurrences: 1, firstTime: transition.event.time, lastTime: transition.event.time,
      evidence: chain.items, caseEvent: transition.event)
    made &+= 1
    draft.serial = made
    draft.doubtAlone = doubtAlone
    draft.insert(charge, transition)
    places[key] = drafts.count
    incomplete.append(drafts.count)
    drafts.append(draft)
  }

  private mutating func prove(_ disagreement: Disagreement, _ doubt: String) {
    for index in drafts.indices
    where drafts[index].charge.verdict != .proven
      && Disagreement(drafts[index].rule, drafts[index].charge) == disagreement
    {
      drafts[index].charge.verdict = .proven
      drafts[index].doubtAlone = drafts[index].story.doubt
      drafts[index].story.doubt = doubt
    }
  }

  /// What was found of an event alone, a short while ago, is not certain any more: it is among the last drafts.
  mutating func doubt(_ event: Event) {
    for index in drafts.indices.suffix(Self.lookBack) {
      let own = drafts[index].caseEvent
      guard own.ordinal == event.ordinal, own.pfn == event.pfn, drafts[index].occurrences == 1,
        drafts[index].charge.verdict == .proven
      else { continue }
      drafts[index].charge.verdict = .likely
      drafts[index].story.doubt = Story.setMayBeMissing
    }
  }

  private mutating func rewrite(
    _ place: Int, _ charge: Charge, _ transition: Transition, _ replay: borrowing Replay
  ) {
    let story = RuleCatalog.rules[drafts[place].rule].story(transition, charge)
    drafts[place].charge = charge
    drafts[place].story = story
    drafts[place].pfn = transition.pfn
    drafts[place].evidence = EvidenceChain(transition, story, replay).items
    drafts[place].caseEvent = transition.event
    incomplete.append(place)
  }

  private func isStronger(_ charge: Charge, than other: Charge) -> Bool {
    let (a, b) = (charge.verdict.rank, other.verdict.rank)
    return a != b ? a < b : charge.severity > other.severity
  }
}
