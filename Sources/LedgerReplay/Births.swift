internal import LedgerCore

// Pages that leave the block they were allocated in: split_page(), alloc_pages_exact(), THP and gigantic pages.
extension Replay {
  /// A page got a count by itself. A tail of a block thereby becomes a unit of its own.
  mutating func becomeOwnUnit(_ event: Event, _ state: inout PageState) {
    guard state.block != 0 else { return }
    let pfn = event.pfn
    let block = blocks[state.block]
    guard pfn != block.head, !state.bits.contains(.ownUnit) else { return }
    guard block.isWhole || block.kind == .split else { return }
    state.bits.insert(.ownUnit)
    noteTailSet(UInt32(truncatingIfNeeded: pfn &- block.head), event, in: state.block)
    guard block.isWhole, block.tailsSet == 0 else { return }
    // The tail that was set before this one, up or down the block, if its record tells of a get instead.
    for neighbour in [pfn &- 1, pfn &+ 1]
    where (1..<block.pages).contains(neighbour &- block.head) {
      doubtGet(of: neighbour, near: event, as: [], within: SetRuns.window)
    }
  }

  /// Counts the tails of a block that were set, and sees when the split is complete.
  ///
  /// mm/page_alloc.c:split_page sets every tail; make_alloc_exact (6.1) sets the pages that are kept from the last
  /// down to the first tail, and frees the others without a reference.
  private mutating func noteTailSet(_ index: UInt32, _ event: Event, in number: UInt32) {
    var block = blocks[number]
    if block.setTime == event.time, block.setCPU != event.cpu { block.setsAreUnordered = true }
    block.setTime = event.time
    block.setCPU = event.cpu
    block.tailsSet &+= 1
    block.highestSet = max(block.highestSet, index)
    guard block.isWhole else { return blocks[number] = block }
    let isComplete = UInt64(block.tailsSet) == block.pages &- 1
    let isExact =
      (index == 1 || block.setsAreUnordered) && block.highestSet > 1
      && block.tailsSet == block.highestSet
    let isCompound = block.kind == .compound
    if isComplete || isExact || isCompound {
      block.kind = .split
      let pattern: LegalPattern =
        isCompound ? .splitHugePage : isComplete ? .splitBlock : .exactAllocation
      explanations.add(pattern, event)
    }
    blocks[number] = block
  }

  /// A probe on split_page() names the page: its block is split whatever the references show.
  mutating func splitAnnounced(_ event: Event) {
    guard let event = resolved(event), let slot = table.existingSlot(of: event.pfn) else { return }
    let state = freshState(slot)
    guard state.block != 0, blocks[state.block].head == event.pfn else { return }
    blocks[state.block].kind = .split
    (blocks[state.block].setTime, blocks[state.block].setCPU) = (event.time, event.cpu)
    waiting.stirAll()
  }

  /// A probe on prep_compound_page() names the head: the owner made its block compound.
  mutating func compoundPrepared(_ event: Event) {
    guard let event = resolved(event), let slot = table.existingSlot(of: event.pfn) else { return }
    let state = freshState(slot)
    guard state.block != 0, blocks[state.block].head == event.pfn else { return }
    blocks[state.block].kind = .compound
    waiting.stirAll()
  }
}
