internal import LedgerCore

// mm_page_alloc: a block of pages gets an owner. mm/page_alloc.c:__alloc_pages (5.4 to 7.1)
extension Replay {
  mutating func allocate(_ event: Event, mayWait: Bool) {
    guard event.pfn != Event.noFrame, let slot = slot(of: event.pfn) else { return }
    let head = freshState(slot)
    if mayWait {
      let fits = allocationFits(event, head: head)
      if !fits || waiting.isWaiting, waits(event, fits: fits) { return }
    }
    if head.bits.contains(.resurrected), !head.bits.contains(.born) {
      doubtGet(of: event.pfn, near: event, as: [])
    }
    if setsComeFirst, !head.bits.contains(.born) { doubtSet(before: event) }
    let watched = watch == nil ? head : watchedState(event, head: head)
    var state = headState(event, before: head)
    if holders.lone.add(event) { state.bits.insert(.lone) }
    if holders.populations.isFilling { holders.populations.allocated(event) }
    let number = event.order == 0 ? 0 : blocks.add(record(of: event))
    place(event, head: state, before: head, block: number)
    if watch != nil { watchBlock(event, before: watched, head: state) }
  }

  /// Up to 6.13 the head got its reference right before the event; from 6.14 it may get one after it.
  private mutating func headState(_ event: Event, before head: PageState) -> PageState {
    var state = PageState()
    state.epoch = gaps.epoch
    state.bits = .allocated
    guard head.bits.contains(.born), head.bits.contains(.counted), head.count > 0 else {
      state.life = .owned
      state.zero = .never
      return state
    }
    setsComeFirst = true
    state.count = head.count
    state.pins = head.pins
    state.life = .live
    state.bits.insert(.counted)
    return state
  }

  private mutating func record(of event: Event) -> Block {
    var block = Block()
    block.head = event.pfn
    block.gfp = event.word
    block.time = event.time
    block.pid = event.pid
    block.cpu = event.cpu
    block.ordinal = event.ordinal
    block.stack = stacks.number(of: event.ordinal)
    block.order = event.order
    block.members = 1 << UInt32(event.order)
    block.tailPathOrder = event.order
    let isCompound = event.word & GfpFlags.compound != 0
    block.kind = event.gaps.contains(.gfp) ? .unknown : isCompound ? .compound : .plain
    return block
  }

  /// Writes the states of all pages of a new block: what was known of a page before does not hold for a tail.
  private mutating func place(
    _ event: Event, head: PageState, before: PageState, block: UInt32
  ) {
    var head = head
    head.block = block
    head.step = journal.record(event, previous: before.step, after: head)
    holders.lastAllocation = head.step
    if event.order > Regions.shift { waiting.widen() }
    waiting.stir(event)
    var tail = head
    tail.life = .owned
    tail.zero = .never
    tail.count = 0
    tail.bits = [.counted, .allocated]
    for pfn in event.pfn..<event.pfn &+ (1 << UInt64(event.order)) {
      guard let slot = slot(of: pfn) else {
        blocks.leave(block)
        continue
      }
      let old = table[slot]
      if old.block != 0 { blocks.leave(old.block) }
      table[slot] = pfn == event.pfn ? head : tail
    }
  }

  /// False if a page of the block is still in use as far as the ledger knows: its free may have the same time. So may the head's
  /// page_ref_set, where the kernel sets counts first.
  mutating func allocationFits(_ event: Event, head: PageState) -> Bool {
    let isUnset = setsComeFirst && head.life == .free && head.bits.contains(.counted)
    if head.life == .live || isUnset, !head.bits.contains(.born) { return false }
    guard event.order > 0 else { return true }
    for pfn in event.pfn &+ 1..<event.pfn &+ (1 << UInt64(event.order)) {
      guard let slot = table.existingSlot(of: pfn) else { continue }
      let state = table[slot]
      if state.epoch == gaps.epoch, state.life == .live { return false }
    }
    return true
  }
}
