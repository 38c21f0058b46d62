internal import LedgerCore

// The seven page_ref events. include/linux/page_ref.h, mm/debug_page_ref.c (5.4 to 7.1)
extension Replay {
  mutating func reference(_ event: Event, mayWait: Bool) {
    guard let slot = slot(of: event.pfn) else { return }
    var state = freshState(slot)
    if mayWait {
      let fits = referenceFits(event, state)
      if !fits || waiting.isWaiting, waits(event, fits: fits) { return }
    }
    let before = state
    var marks: Transition.Marks = []
    if state.bits.contains(.born), !state.bits.contains(.bulk), event.kind != .pageRefSet {
      // Something else than mm_page_alloc follows the birth.
      state.bits.insert(.bulk)
      explanations.add(.bulkBirth, event)
    }
    apply(event, to: &state, &marks)
    if state.bits.contains(.lone), event.kind != .pageRefSet || event.value != 1 {
      state.bits.remove(.lone)
      holders.lone.touch(event.pfn)
    }
    notePins(event, before, &state, &marks)
    noteMapcount(event, &marks)
    finishStep(event, &state, from: before)
    table[slot] = state
    waiting.stir(event)
    if isNegative(event, before) {
      marks.insert(.negative)
      if !before.bits.contains(.counted) { marks.insert(.unchained) }
    }
    if !marks.isEmpty { noteReference(event, before, state, marks) }
    if event.kind == .pageRefModUnless, event.value > 1, event.result != 0 { noteHeadGrab(event) }
    if watch != nil { watchStep(event, before, state) }
  }

  /// A count below 0 that follows from the one before; one that does not is damage or a race.
  @inline(__always)
  private func isNegative(_ event: Event, _ before: PageState) -> Bool {
    guard event.count < 0 || (event.kind == .pageRefModAndReturn && event.result < 0) else {
      return false
    }
    // A count below 0 is no reason to refuse a reference: include/linux/page_ref.h:page_ref_add_unless.
    if event.kind == .pageRefModUnless, event.result == 0 { return false }
    return event.kind == .pageRefSet || referenceFits(event, before)
  }

  /// Writes the step into the journal and stamps the state.
  @inline(__always)
  mutating func finishStep(_ event: Event, _ state: inout PageState, from before: PageState) {
    state.step = journal.record(event, previous: before.step, after: state)
  }

  private mutating func apply(
    _ event: Event, to state: inout PageState, _ marks: inout Transition.Marks
  ) {
    switch event.kind {
    case .pageRefMod: modify(event, &state, &marks)
    case .pageRefModAndTest: modifyAndTest(event, &state, &marks)
    case .pageRefModAndReturn: modifyAndReturn(event, &state)
    case .pageRefModUnless: modifyUnless(event, &state, &marks)
    case .pageRefFreeze: freeze(event, &state)
    case .pageRefUnfreeze: unfreeze(event, &state)
    default: set(event, &state, &marks)
    }
  }

  private mutating func modify(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    if isOwed(event, state) { return state.forgetDrift() }
    let before = state
    let expected = chain(event, &state, &marks)
    if event.value > 0, event.count == event.value { markZeroStart(before, event, &marks) }
    if marks.contains(.getFromZero) {
      noteGetFromZero(event, &state, isDoubtful: marks.contains(.doubtful))
    }
    if event.value >= 32768, event.value < Self.biasFloor { explanations.add(.fragmentBias, event) }
    if event.value >= Self.biasFloor || event.value <= -Self.biasFloor {
      marks.formUnion(isSampled(event, before) ? .biased : [.biased, .doubtful])
    }
    settle(expected, zero: .rawDecrement, &state)
  }

  /// The sample of the count has what was added, too.
  private func isSampled(_ event: Event, _ before: PageState) -> Bool {
    let told = Int64(event.count) - Int64(event.value)
    guard before.bits.contains(.counted) else { return false }
    return abs(told - Int64(before.count)) < Int64(Self.biasFloor)
  }

  private mutating func noteGetFromZero(
    _ event: Event, _ state: inout PageState, isDoubtful: Bool
  ) {
    if isDoubtful { return takeAsSet(event, &state) }
    guard state.life == .free else { return _ = state.bits.insert(.raised) }
    state.bits.insert(.resurrected)
    setRuns.noteGet(event)
  }

  private mutating func modifyAndTest(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    if isOwed(event, state) { return state.forgetDrift() }
    guard event.result == 0 else {
      lastPuts.note(event)
      // The atomic operation's own result: zero, whatever was sampled after it.
      if state.bits.contains(.counted) { owe(0 &- (state.count &+ event.value), event, &state) }
      return settle(0, zero: .put, &state)
    }
    let expected = chain(event, &state, &marks)
    settle(expected, zero: .put, &state)
    if state.block != 0, blocks[state.block].head == event.pfn {
      blocks[state.block].headPutter = event.pid
      blocks[state.block].tailPathOrder = blocks[state.block].order
    }
  }

  /// The returned value, unless the record's own sample is another one and the ledger agrees with that, or cannot tell.
  private mutating func modifyAndReturn(_ event: Event, _ state: inout PageState) {
    guard event.result != event.count else {
      return settle(event.result, zero: .rawDecrement, &state)
    }
    guard state.bits.contains(.counted) else { return }
    let isOther = state.count &+ event.value == event.count
    settle(isOther ? event.count : event.result, zero: .rawDecrement, &state)
  }

  private mutating func modifyUnless(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    guard event.result != 0 else {
      // 5.4 to 6.19: refused means 0. Newer kernels refuse for other reasons, so a known count stays.
      if !state.bits.contains(.counted), event.count == 0 { settle(0, zero: .none, &state) }
      return
    }
    let expected = chain(event, &state, &marks)
    settle(expected, zero: .none, &state)
  }

  private mutating func freeze(_ event: Event, _ state: inout PageState) {
    guard event.result != 0 else { return }
    if state.bits.contains(.allocated), state.step == holders.lastAllocation {
      explanations.add(.hugetlbPool, event)
    }
    state.forgetDrift()
    settle(0, zero: .freeze, &state)
    state.life = .frozen
  }

  private mutating func unfreeze(_ event: Event, _ state: inout PageState) {
    becomeOwnUnit(event, &state)
    settle(event.value, zero: .set, &state)
  }

  private mutating func set(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    let wasInUse = state.life == .live && state.bits.contains(.counted)
    if event.value == 0 {
      if wasInUse, isHeadOfSeenBlock(event.pfn, state) { marks.insert(.mangled) }
      return settle(0, zero: .set, &state)
    }
    settleDebt(event, &state, &marks)
    if state.life == .free || state.life == .unknown {
      state.bits.insert(.born)
      state.bits.remove(.bulk)
      noteBirth(event)
    } else if state.block != 0, blocks[state.block].head != event.pfn {
      setRuns.noteTail(event)
    }
    if state.zero == .set, state.life == .owned, isHeadOfSeenBlock(event.pfn, state) {
      marks.insert(.mangled)
    }
    becomeOwnUnit(event, &state)
    state.bits.subtract([.raised, .resurrected])
    settle(event.value, zero: .set, &state)
  }

  /// Writes a count that is certain, and the life that follows from it.
  private func settle(_ count: Int32, zero cause: ZeroCause, _ state: inout PageState) {
    state.count = count
    state.bits.insert(.counted)
    guard count == 0 else {
      state.zero = .none
      if state.life != .free || count > 0 { state.life = .live }
      return
    }
    if cause != .none { state.zero = cause }
    switch cause {
    case .put: state.life = .dying
    case .set, .rawDecrement: state.life = .owned
    default: if state.life == .live { state.life = .owned }
    }
  }

  func isHeadOfSeenBlock(_ pfn: UInt64, _ state: PageState) -> Bool {
    guard state.bits.contains(.allocated) else { return false }
    return state.block == 0 || blocks[state.block].head == pfn
  }

  private mutating func markZeroStart(
    _ before: PageState, _ event: Event, _ marks: inout Transition.Marks
  ) {
    guard before.life != .unknown || before.bits.contains(.counted) else {
      return marks.formUnion(.getFromUnseenZero)
    }
    guard before.bits.contains(.counted), !before.bits.contains(.drifting) else { return }
    guard before.count == 0 else { return }
    guard before.zero != .freeze else { return explanations.add(.getFromFrozen, event) }
    if event.mayBePoisoned { explanations.add(.poisonedGet, event) }
    marks.insert(.getFromZero)
    if isAmongSets(event, before) { marks.insert(.doubtful) }
    if before.life == .free { marks.insert(.afterFree) }
    if event.mayBePoisoned { marks.insert(.maybePoisoned) }
  }

  /// Additions from here on are no page_frag, NIC or pin bias (at most 65,535 and 1,024 a pin).
  private static var biasFloor: Int32 { 1 << 24 }

  private mutating func noteReference(
    _ event: Event, _ before: PageState, _ after: PageState, _ marks: Transition.Marks
  ) {
    var marks = marks
    var view: BlockView?
    if before.block != 0 {
      let block = blocks[before.block]
      view = BlockView(block)
      let isTail = event.pfn != block.head && !before.bits.contains(.ownUnit)
      if isTail, block.isWhole { marks.insert(.tail) }
    }
    if marks.contains(.droppedMapped), !isConfirmedMapped(event, before) {
      marks.insert(.doubtful)
    }
    var related: [Event] = []
    if !marks.isDisjoint(with: [.getFromZero, .getFromUnseenZero]), vcpus.isInFault(event) {
      marks.insert(.guestGet)
    }
    if marks.isSuperset(of: [.negative, .tail]), let grab = headGrab(of: before.block) {
      marks.insert(.putAfterHeadGrab)
      related.append(grab)
    }
    note(
      Transition(
        event: event, pfn: event.pfn, before: PageView(before), after: PageView(after),
        block: view, marks: marks, step: after.step, fault: nil, related: related))
  }

  /// The record does not contradict itself or the ledger, and an earlier one of the same life of the page says as well that it is
  /// mapped, as often at least.
  @inline(never)
  private func isConfirmedMapped(_ event: Event, _ before: PageState) -> Bool {
    guard event.count == 0 else { return false }
    if before.bits.contains(.counted), before.count &+ event.value != 0 { return false }
    return journal.life(of: event.pfn, endingAt: before.step).steps.contains { step in
      step.event.kind.isPageRef && step.event.mapcount > 0
        && step.event.mapcount >= event.mapcount
    }
  }

  /// Several references at once on the head of a block whose tails are not counted: mm/gup.c:gup_huge_pmd up to 5.15
  /// takes those of all the pages it hands out there.
  @inline(never)
  private mutating func noteHeadGrab(_ event: Event) {
    guard isPlainHead(event.pfn), let slot = table.existingSlot(of: event.pfn) else { return }
    if holders.headGrabs.count >= 1 << 16 { holders.headGrabs.removeAll() }
    holders.headGrabs[table[slot].block] = event
  }

  private mutating func headGrab(of number: UInt32) -> Event? {
    guard number != 0, let grab = holders.headGrabs[number] else { return nil }
    let block = blocks[number]
    return block.kind == .plain && grab.pfn == block.head && grab.time >= block.time ? grab : nil
  }
}

extension Event {
  /// A bit that is hwpoison in some kernel is set: 20 (6.12), 21 (6.14) or 22 (6.1), 23 with PG_uncached.
  var mayBePoisoned: Bool {
    gaps.contains(.hwpoison) || (!gaps.contains(.pageFlags) && word & 0xf0_0000 != 0)
  }
}
