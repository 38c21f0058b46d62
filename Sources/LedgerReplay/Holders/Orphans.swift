internal import LedgerCore

// References that outlive the owner's free, and what page references tell about calls in progress.
extension Replay {
  /// A reference that lasts this long after its page was freed is not on its way out any more, in nanoseconds.
  private static var orphanAge: UInt64 { 1_000_000 }

  /// A page reference event, after the replay has applied it.
  mutating func holdersSaw(_ event: Event) {
    holders.users.sawReference(event)
    if !holders.insertions.isEmpty { sawInsertedReference(event) }
    if !holders.freeing.isEmpty { sawOwnersPut(event) }
  }

  /// mm/page_alloc.c:__free_pages: the owner gives its reference up.
  mutating func ownerFrees(_ event: Event) {
    guard let event = resolved(event), event.pfn != Event.noFrame else { return }
    holders.freeing[event.pid] = event
  }

  private mutating func sawOwnersPut(_ put: Event) {
    guard put.kind == .pageRefModAndTest, !put.isInInterrupt,
      let free = holders.freeing[put.pid], free.pfn == put.pfn
    else { return }
    holders.freeing[put.pid] = nil
    guard put.result == 0, put.count > 0, holders.orphans.count < 1 << 20,
      let slot = table.existingSlot(of: put.pfn)
    else { return }
    holders.orphans[put.pfn] = Orphan(free: free, put: put, step: table[slot].step)
  }

  /// At the end: pages of which nothing was heard since.
  mutating func judgeOrphans() {
    for pfn in holders.orphans.keys.sorted() {
      guard let orphan = holders.orphans[pfn], lastTime &- orphan.put.time >= Self.orphanAge,
        let slot = table.existingSlot(of: pfn)
      else { continue }
      let state = freshState(slot)
      guard state.step == orphan.step, state.life == .live, state.count > 0 else {
        explanations.add(.laterReference, orphan.put)
        continue
      }
      noteHolder(orphan.put, pfn: pfn, .orphaned, [orphan.free])
    }
  }
}
