internal import LedgerCore

// mm_page_free: pages go back to the allocator. mm/page_alloc.c:free_pages_prepare (5.4 to 7.1)
extension Replay {
  mutating func free(_ event: Event, mayWait: Bool) {
    guard event.pfn != Event.noFrame, let slot = slot(of: event.pfn) else { return }
    let head = freshState(slot)
    if mayWait {
      let fits = freeFits(event, head)
      if !fits || waiting.isWaiting, waits(event, fits: fits) { return }
    }
    freeIsDoubtful = lastPuts.contradict(event, isDue: head.life == .dying)
    let block =
      head.block != 0 ? blocks[head.block] : event.order == 0 ? nil : loneBlock(event, head)
    let watched = watch == nil ? head : watchedState(event, head: head)
    var step = PageState()
    step.life = .free
    step.zero = .free
    step.bits = .counted
    step.epoch = gaps.epoch
    if head.bits.contains(.drifting), head.life == .dying {
      step.bits.insert(.drifting)
      (step.drift, step.driftStart) = (head.drift, head.driftStart)
    }
    finishStep(event, &step, from: head)
    if head.life == .frozen { explanations.add(.frozenFree, event) }
    judgeBlock(event, head, block, step.step)
    judgePages(event, head, block, step)
    if head.bits.contains(.lone) { holders.lone.touch(event.pfn) }
    if !holders.populations.isEmpty { holders.populations.freed(event.pfn) }
    if !holders.areNone { judgeHolders(event, head, block, step.step) }
    release(event, as: step)
    if watch != nil { watchBlock(event, before: watched, head: step) }
  }

  /// Compares what is freed with the block it belongs to.
  private mutating func judgeBlock(
    _ event: Event, _ head: PageState, _ block: Block?, _ step: UInt32
  ) {
    if let block, block.kind == .order0 {
      return noteFree(event, at: event.pfn, head, block, .orderDiffers, step)
    }
    guard let block, block.isWhole else { return }
    if event.pfn == block.head {
      guard event.order != block.order, block.members > 1 else { return }
      let isOther = block.kind == .compound && isFlaggedAlone(event.pfn, head)
      return noteFree(
        event, at: event.pfn, head, block, isOther ? [.orderDiffers, .doubtful] : .orderDiffers,
        step)
    }
    if followsTailPath(event, block) {
      blocks[head.block].tailPathOrder = event.order
      if event.order &+ 1 == block.order { explanations.add(.headHeldWhileFreed, event) }
      return
    }
    var marks: Transition.Marks = [.tailFreed, .tail]
    if head.bits.contains(.ownUnit) { marks.insert(.tailWasSet) }
    if head.bits.contains(.raised) { marks.insert(.tailWasRaised) }
    blocks[head.block].violated = true
    noteFree(event, at: event.pfn, head, block, marks, step)
  }

  /// The last reference on the head of a compound block, as recorded, had no flag that the page did not have before it became one: then
  /// it is another page's record. mm/page_alloc.c:prep_new_page sets PG_head after the count (5.4 to 7.1).
  private func isFlaggedAlone(_ pfn: UInt64, _ head: PageState) -> Bool {
    let life = journal.life(of: pfn, endingAt: head.step)
    guard let birth = life.birth, birth.kind == .pageRefSet, !birth.gaps.contains(.pageFlags),
      let last = life.steps.last?.event, last.kind.isPageRef, !last.gaps.contains(.pageFlags)
    else { return false }
    return last.word & ~birth.word == 0
  }

  /// A page that was allocated alone and is freed as a block, with what the journal knows of its allocation.
  private mutating func loneBlock(_ event: Event, _ head: PageState) -> Block? {
    guard head.bits.contains(.allocated) else { return nil }
    let first = journal.life(of: event.pfn, endingAt: head.step).steps.first?.event
    guard let birth = first, birth.kind == .pageAlloc, birth.order == 0 else { return nil }
    var block = Block()
    block.head = birth.pfn
    block.gfp = birth.word
    block.time = birth.time
    block.pid = birth.pid
    block.cpu = birth.cpu
    block.kind = .order0
    return block
  }

  /// mm/page_alloc.c:__free_pages (5.10 on): when somebody else holds the head of a plain block, its tails are freed in
  /// halves, the upper half first.
  mutating func followsTailPath(_ event: Event, _ block: Block) -> Bool {
    guard block.headPutter == event.pid, block.kind != .compound else { return false }
    return event.order &+ 1 == block.tailPathOrder
      && event.pfn &- block.head == 1 << UInt64(event.order)
  }

  /// Looks for pages that must not be freed now: with references, or free already.
  private mutating func judgePages(
    _ event: Event, _ head: PageState, _ block: Block?, _ step: PageState
  ) {
    let shown = block?.kind == .order0 ? nil : block
    judgePage(event, event.pfn, head, shown, step.step)
    guard event.order > 0, let block, block.head == event.pfn else { return }
    let mayDiffer = block.violated || block.tailsSet > 0 || block.kind != .compound
    let isLarger = event.order > block.order
    guard mayDiffer || isLarger else { return }
    // That other pages are freed along is told by an order alone, which is not that of the allocation.
    let reach: Transition.Marks = event.order == block.order ? [] : .doubtful
    for pfn in event.pfn &+ 1..<event.pfn &+ (1 << UInt64(event.order)) {
      guard let slot = table.existingSlot(of: pfn) else { continue }
      let state = table[slot]
      guard state.epoch == gaps.epoch else { continue }
      judgePage(event, pfn, state, shown, step.step, reach)
    }
  }

  private mutating func judgePage(
    _ event: Event, _ pfn: UInt64, _ state: PageState, _ block: Block?, _ step: UInt32,
    _ reach: Transition.Marks = []
  ) {
    var marks: Transition.Marks = []
    if state.life == .free { marks.insert(.freedTwice) }
    if state.bits.contains(.resurrected) { marks.formUnion([.freedTwice, .putBetween]) }
    let isCertain = state.bits.contains(.counted) && !state.bits.contains(.drifting)
    if isCertain, state.count > 0 {
      marks.insert(.freedReferenced)
      if let block, block.leavesTailOut, state.bits.contains(.ownUnit) { marks.insert(.doubtful) }
    }
    guard !marks.isEmpty else { return }
    marks.formUnion(reach)
    if let block, block.isWhole, pfn != block.head { marks.insert(.tail) }
    noteFree(event, at: pfn, state, block, marks, pfn == event.pfn ? step : state.step)
  }

  private mutating func noteFree(
    _ event: Event, at pfn: UInt64, _ before: PageState, _ block: Block?,
    _ marks: Transition.Marks, _ step: UInt32
  ) {
    var after = PageState()
    after.life = .free
    after.zero = .free
    let marks = freeIsDoubtful ? marks.union(.doubtful) : marks
    note(
      Transition(
        event: event, pfn: pfn, before: PageView(before), after: PageView(after),
        block: block.map { BlockView($0) }, marks: marks, step: step, fault: nil))
  }

  /// Writes the free state of all pages that the event covers.
  private mutating func release(_ event: Event, as free: PageState) {
    waiting.stir(event)
    for pfn in event.pfn..<event.pfn &+ (1 << UInt64(event.order)) {
      guard let slot = slot(of: pfn) else { continue }
      let old = table[slot]
      if old.block != 0 { blocks.leave(old.block) }
      table[slot] = free
      if pfn != event.pfn { table[slot].forgetDrift() }
    }
  }
}
