internal import LedgerCore
internal import LedgerReplay

/// The fields of an event in the words of the kernel's own trace text.
enum EvidenceWords {
  static func text(of event: Event) -> String {
    switch event.kind {
    case .pageRefSet, .pageRefMod, .pageRefUnfreeze: counts(event)
    case .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless, .pageRefFreeze:
      counts(event) + " ret=\(event.result)"
    case .pageAlloc: allocation(event)
    case .pageFree: "pfn=\(hex(event.pfn)) order=\(event.order)"
    case .pageFreeBatched: "pfn=\(hex(event.pfn))"
    case .kvmPageFault:
      "vcpu=\(event.value) address=\(hex(event.word)) error_code=\(hex(event.pointer))"
    case .kvmSpteRequested:
      "gfn=\(hex(event.word)) pfn=\(hex(event.pfn)) level=\(event.order)"
    case .kvmSetSpte:
      "gfn=\(hex(event.pointer)) spte=\(hex(event.word)) level=\(event.order)"
    case .kvmUserspaceExit: exit(event)
    case .hvaToPfn: "addr=\(hex(event.word))"
    case .hvaToPfnReturn: "ret=\(hex(event.word))"
    case .splitPage, .prepCompoundPage: "pfn=\(hex(event.pfn)) order=\(event.order)"
    case .other, .gapOpens, .gapCloses: ""
    }
  }

  private static func counts(_ event: Event) -> String {
    let flags = event.gaps.contains(.pageFlags) ? "" : " flags=\(hex(event.word))"
    return
      "pfn=\(hex(event.pfn))\(flags) count=\(event.count) mapcount=\(event.mapcount) val=\(event.value)"
  }

  private static func allocation(_ event: Event) -> String {
    let head = "pfn=\(hex(event.pfn)) order=\(event.order)"
    if event.gaps.contains(.gfp) { return head + " gfp_flags unreadable" }
    if event.order == 0 { return head + " gfp_flags=\(hex(event.word))" }
    let isCompound = event.word & GfpFlags.compound != 0
    return head + (isCompound ? " with __GFP_COMP" : " without __GFP_COMP")
      + (event.word == 0 ? "" : " gfp_flags=\(hex(event.word))")
  }

  private static func exit(_ event: Event) -> String {
    event.gaps.contains(.exitErrno)
      ? "reason=\(event.value), errno not printed" : "reason=\(event.value) errno=\(event.result)"
  }
}

/// Builds the chain of events that proves a finding.
struct EvidenceChain {
  /// Events of a page's history that are shown; the last one is the case itself.
  private static let historyLimit = 12

  private(set) var items: [Draft.Item] = []

  init(_ transition: Transition, _ story: Story, _ replay: borrowing Replay) {
    if story.showsHistory { addHistory(transition, replay) }
    addExtra(story.extra, transition)
    addAllocation(transition)
    items.sort { $0.event.time < $1.event.time }
  }

  private mutating func addHistory(_ transition: Transition, _ replay: borrowing Replay) {
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
    items.insert(Draft.Item(event: event, before: "", after: after), at: 0)
  }
}
