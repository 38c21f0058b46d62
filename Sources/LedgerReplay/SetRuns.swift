internal import LedgerCore

/// The page that each task brought to life last by page_ref_set, and the free page that it got right before that.
///
/// mm/page_alloc.c:__alloc_pages_bulk (5.13 to 7.1) sets the counts of its pages one after another, without mm_page_alloc. One damaged byte
/// of a record's head makes a get of page_ref_set, which has the same fields: a get of a free page in such a run is one of its sets, or a
/// use after free, and nothing tells which.
struct SetRuns {
  struct Run {
    var pid: Int32 = -1
    var cpu: UInt16 = 0
    var time: UInt64 = 0
    var born = Event.noFrame
    /// Time of the set of the page that was born last.
    var birth: UInt64 = 0
    var got = Event.noFrame
    /// The tail that was set last, if no page was born since.
    var tail = Event.noFrame
  }

  private var runs = Array(repeating: Run(), count: 1 << 8)
  private static let mask = 0xff
  /// Nanoseconds; between the sets of a bulk allocation or a split a microsecond or some pass, more where a guest is emulated.
  static let window: UInt64 = 1_000_000

  /// The task's run of sets as it stands right before an event; one without pages when there is none.
  @inline(__always)
  func run(before event: Event) -> Run {
    let run = runs[Int(event.pid) & Self.mask]
    guard run.pid == event.pid, run.cpu == event.cpu, event.time &- run.time <= Self.window else {
      return Run(pid: event.pid, cpu: event.cpu)
    }
    return run
  }

  /// A page was set that was free or not known; gives the run before it.
  @inline(__always)
  mutating func noteBirth(_ event: Event) -> Run {
    let old = run(before: event)
    var run = old
    (run.time, run.birth, run.born) = (event.time, event.time, event.pfn)
    run.tail = Event.noFrame
    runs[Int(event.pid) & Self.mask] = run
    return old
  }

  /// A tail of a block in use was set, as a split does.
  mutating func noteTail(_ event: Event) {
    var run = run(before: event)
    (run.time, run.tail) = (event.time, event.pfn)
    runs[Int(event.pid) & Self.mask] = run
  }

  /// A free page was got.
  mutating func noteGet(_ event: Event) {
    var run = run(before: event)
    (run.time, run.got) = (event.time, event.pfn)
    runs[Int(event.pid) & Self.mask] = run
  }

  /// What was got is told.
  mutating func forgetGet(_ event: Event) { runs[Int(event.pid) & Self.mask].got = Event.noFrame }
}

// Gets from zero that stand where a page_ref_set is missing.
extension Replay {
  /// A page was born: the one before it, which no allocation told of since, makes a bulk allocation of both.
  @inline(__always)
  mutating func noteBirth(_ event: Event) {
    let run = setRuns.noteBirth(event)
    guard run.got != Event.noFrame, isBulkBirth(run.born) else { return }
    setRuns.forgetGet(event)
    doubtGet(of: run.got, near: event, as: [.born, .bulk])
  }

  /// A get of a free page among the sets of a bulk allocation, of a tail among those of a split, or right behind a set to 0.
  func isAmongSets(_ event: Event, _ before: PageState) -> Bool {
    guard before.life == .free else {
      return isSplitting(event, before) || isSetBack(event, before)
    }
    let run = setRuns.run(before: event)
    guard isBulkBirth(run.born) else { return false }
    let freed = journal.event(of: event.pfn, at: before.step)?.time
    return freed ?? 0 < run.birth
  }

  /// It is taken as the set that is missing, so that no later event of the page contradicts it.
  mutating func takeAsSet(_ event: Event, _ state: inout PageState) {
    if state.life == .free {
      state.bits.formUnion([.born, .bulk])
      noteBirth(event)
    }
    becomeOwnUnit(event, &state)
  }

  /// A free page is allocated, or one after it in a run of sets, right after a get by the same task, and nobody set its count: the get may
  /// be that set.
  @inline(never)
  mutating func doubtGet(
    of pfn: UInt64, near event: Event, as bits: PageState.Bits, within window: UInt64 = .max
  ) {
    guard let slot = table.existingSlot(of: pfn) else { return }
    var state = freshState(slot)
    guard !state.bits.isDisjoint(with: [.raised, .resurrected]) else { return }
    guard let last = journal.event(of: pfn, at: state.step), last.kind == .pageRefMod,
      last.value == last.count, last.pid == event.pid,
      last.cpu == event.cpu, event.time &- last.time <= window
    else { return }
    let view = PageView(state)
    note(
      Transition(
        event: last, pfn: pfn, before: view, after: view, block: nil, marks: .getWasSet,
        step: state.step, fault: nil))
    state.bits.subtract([.raised, .resurrected])
    state.bits.formUnion(bits)
    becomeOwnUnit(last, &state)
    table[slot] = state
  }

  /// A page is allocated whose count nobody set, by a kernel that sets counts first: the tail that the task set right before may be another
  /// page than the record says, and its count is not known.
  @inline(never)
  mutating func doubtSet(before event: Event) {
    let pfn = setRuns.run(before: event).tail
    guard pfn != event.pfn, let slot = table.existingSlot(of: pfn) else { return }
    var state = freshState(slot)
    guard let last = journal.event(of: pfn, at: state.step), last.kind == .pageRefSet,
      last.pid == event.pid, last.cpu == event.cpu
    else { return }
    state.bits.remove(.counted)
    state.forgetDrift()
    table[slot] = state
  }

  private func isBulkBirth(_ pfn: UInt64) -> Bool {
    guard let slot = table.existingSlot(of: pfn), table[slot].epoch == gaps.epoch else {
      return false
    }
    return table[slot].bits.contains(.born) && !table[slot].bits.contains(.allocated)
  }

  private func isSetBack(_ event: Event, _ before: PageState) -> Bool {
    guard before.zero == .set else { return false }
    guard let last = journal.event(of: event.pfn, at: before.step), last.kind == .pageRefSet,
      last.value == 0
    else { return false }
    return last.pid == event.pid && last.cpu == event.cpu
      && event.time &- last.time <= SetRuns.window
  }

  /// The CPU sets the counts of the block's pages, one by one, right now, and not that of this page yet.
  private func isSplitting(_ event: Event, _ before: PageState) -> Bool {
    guard before.block != 0, !before.bits.contains(.ownUnit) else { return false }
    let block = blocks[before.block]
    guard block.tailsSet > 0 || block.kind == .split, block.setCPU == event.cpu else {
      return false
    }
    return event.time &- block.setTime <= SetRuns.window
  }
}
