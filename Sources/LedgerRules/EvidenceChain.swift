internal import LedgerCore
internal import LedgerReplay

/// Builds the chain of events that proves a finding.
struct EvidenceChain {
  /// Events of a page's history that are shown; the last one is the case itself.
  private static let historyLimit = 12

  private(set) var items: [Draft.Item] = []

  init(_ transition: Transition, _ story: Story, _ replay: borrowing Replay) {
    if story.showsHistory { addHistory(transition, replay) }
    addExtra(story.extra, transition)
    addAllocation(transition)
    for index in items.indices where items[index].stack == 0 && !items[index].isRebuilt {
      items[index].stack = replay.stack(of: items[index].event)
    }
    items.sort { ($0.event.time, $0.event.ordinal) < ($1.event.time, $1.event.ordinal) }
  }

  private mutating func addHistory(_ transition: Transition, _ replay: borrowing Replay) {
    guard transition.pfn != Event.noFrame else { return addExtra([transition.event], transition) }
    let steps = replay.history(
      of: transition.pfn, endingAt: transition.step, limit: Self.historyLimit)
    var before = ""
    for step in steps {
      let isTail = step.event.kind == .pageAlloc && step.event.pfn != transition.pfn
      let after = isTail ? "tail in use, count 0" : step.after.words
      items.append(Draft.Item(event: step.event, before: before, after: after))
      before = after
    }
    if steps.last?.event.time != transition.event.time
      || steps.last?.event.kind != transition.event.kind
    {
      addCase(transition)
    } else if !items.isEmpty {
      items[items.count - 1].before = transition.before.words
    }
  }

  /// The event itself, when the page's own chain does not end with it: a free names the head of what it frees.
  private mutating func addCase(_ transition: Transition) {
    items.append(
      Draft.Item(
        event: transition.event, before: transition.before.words, after: transition.after.words))
  }

  private mutating func addExtra(_ extra: [Event], _ transition: Transition) {
    for event in extra {
      let isPage = event.pfn == transition.pfn && event.kind.isPageRef
      let words = isPage ? transition.before.words : ""
      items.append(Draft.Item(event: event, before: words, after: words))
    }
  }

  /// The allocation of the block, which the journal may have forgotten.
  private mutating func addAllocation(_ transition: Transition) {
    guard let block = transition.block else { return }
    let isThere = items.contains { $0.event.kind == .pageAlloc && $0.event.time == block.time }
    guard !isThere else { return }
    var event = Event()
    event.kind = .pageAlloc
    event.pfn = block.head
    event.order = block.order
    event.word = block.gfp
    event.time = block.time
    event.pid = block.pid
    event.cpu = block.cpu
    if block.kind == .unknown { event.gaps = .gfp }
    let after = "order-\(block.order) \(block.kind.rawValue) block in use"
    items.insert(
      Draft.Item(event: event, before: "", after: after, stack: block.stack, isRebuilt: true),
      at: 0)
  }
}
