public import LedgerCore

/// Replays events into the state of every page, and says what stood out.
///
/// The order of events of one page follows their counts where times are equal: an event that cannot follow from the state
/// of its page waits until the clock moves on, so that the other CPU's event of the same time may come first.
/// The transitions follow mm/page_alloc.c and include/linux/page_ref.h, 5.4 to 7.1, as
/// they are described rule by rule in `LedgerRules`.
///
/// Methods on the way of an event are `mutating` even where they only read: Swift 6.3 copies the whole struct, more than a
/// kilobyte, to lend it to one that is not.
public struct Replay: ~Copyable {
  var table: PageTable
  var blocks = BlockTable()
  var journal = Journal()
  var stacks = EventStacks()
  var vcpus = VirtualCPUs()
  var waiting = Deferral()
  var gaps = Gaps()
  var watch: Watch?
  var holders = Holders()
  var explanations = Explanations()
  var lastPuts = LastPuts()
  var setRuns = SetRuns()
  /// The free that is judged contradicts the task's last put.
  var freeIsDoubtful = false
  /// The kernel sets a page's count before it tells of the allocation, as up to 6.13.
  var setsComeFirst = false
  /// What limits the conclusions of some rules.
  public internal(set) var observations = Observations()
  /// What was known when the kernel complained, by the `word` of the complaint's mark.
  public internal(set) var knowledgeAtMarks: [UInt64: PageKnowledge] = [:]

  /// What stood out in the last batch, in the order of the events.
  public internal(set) var transitions: [Transition] = []
  /// Events that changed or confirmed a state.
  public private(set) var eventsUsed: UInt64 = 0
  /// What the replay could not take in.
  public internal(set) var losses = LossLedger()
  /// Time of the first event.
  public private(set) var start: UInt64?
  /// Time of the last event.
  private(set) var lastTime: UInt64 = 0
  /// Task of the first event.
  private var onlyTask: Int32?
  /// Events of more than one task were seen.
  public private(set) var tasksDiffer = false

  /// An empty ledger whose page states may take `limitBytes` of memory.
  public init(limitBytes: UInt64, watch range: WatchRange? = nil) {
    table = PageTable(limitBytes: limitBytes)
    watch = range.map { Watch($0) }
    transitions.reserveCapacity(64)
  }

  /// Applies a batch in its order; `transitions` then holds what stood out in it.
  public mutating func apply(_ batch: Span<Event>) {
    transitions.removeAll(keepingCapacity: true)
    prefetch(batch)
    for i in batch.indices {
      let event = batch[i]
      if waiting.isWaiting { releaseWaiting(before: event) }
      take(event)
    }
  }

  /// Ends the capture: events that waited are applied, faults that never ended are judged.
  public mutating func finish() {
    transitions.removeAll(keepingCapacity: true)
    if waiting.isWaiting { flushWaiting() }
    settleSuspicions()
    judgeOpenInsertions()
    judgeLongPins()
    judgeOrphans()
    judgeGrowth()
    for fault in vcpus.finish() { noteRefusal(fault) }
  }

  /// What looked wrong and is legal, by pattern.
  public var explained: [Explained] { explanations.all }

  /// The steps of a page that lead to a transition, oldest first.
  public func history(of pfn: UInt64, endingAt step: UInt32, limit: Int = 12) -> [Step] {
    journal.chain(of: pfn, endingAt: step, limit: limit)
  }

  private mutating func prefetch(_ batch: Span<Event>) {
    for i in batch.indices {
      guard let slot = table.existingSlot(of: batch[i].pfn) else { continue }
      table.prefetch(slot)
    }
  }

  private mutating func take(_ event: Event) {
    if event.kind.isGap { return takeGap(event) }
    guard event.isPossible else {
      return losses.add(
        .malformedEvent, cpu: Int(event.cpu), detail: "\(event.kind.name) at time \(event.time)")
    }
    if !holders.suspicions.isEmpty, holders.suspicions[0].free.time != event.time {
      settleSuspicions()
    }
    if event.kind == .complaint { return takeComplaint(event) }
    if start == nil { start = event.time }
    lastTime = event.time
    eventsUsed &+= 1
    noteTask(event.pid)
    switch event.kind {
    case .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless,
      .pageRefFreeze, .pageRefUnfreeze:
      if event.kind == .pageRefModUnless, event.result == 0 {
        if vcpus.isInFault(event) {
          guestRefusal(event)
        } else {
          explanations.add(.refusedProbe, event)
        }
      } else {
        vcpus.sawReference(event)
      }
      reference(event, mayWait: true)
      if holders.wantsReferences { holdersSaw(event) }
    case .pageAlloc, .pageFree: block(event)
    case .kvmPageFault, .kvmSpteRequested, .kvmSetSpte, .kvmUserspaceExit, .hvaToPfn,
      .hvaToPfnReturn:
      guest(event)
      if event.kind == .kvmSetSpte { entrySet(event) }
    case .splitPage: splitAnnounced(event)
    case .prepCompoundPage: compoundPrepared(event)
    case .pageFreeBatched, .other, .gapOpens, .gapCloses, .complaint: break
    default: watch == nil ? holdInOrder(event) : watchHolders(event)
    }
  }

  private mutating func block(_ event: Event) {
    guard event.order <= Event.orderLimit else { return losses.add(.implausibleFrame) }
    if event.kind == .pageAlloc {
      allocate(event, mayWait: true)
    } else {
      free(event, mayWait: true)
    }
  }

  private mutating func noteTask(_ pid: Int32) {
    guard !tasksDiffer, pid != onlyTask else { return }
    if onlyTask == nil { onlyTask = pid } else { tasksDiffer = true }
  }

  /// Applies an event that has waited long enough.
  mutating func applyLate(_ event: Event) {
    switch event.kind {
    case .pageAlloc: allocate(event, mayWait: false)
    case .pageFree: free(event, mayWait: false)
    default: reference(event, mayWait: false)
    }
  }

  /// The slot of a page, or nil with a loss when the table cannot take it.
  @inline(__always)
  mutating func slot(of pfn: UInt64) -> PageTable.Slot? {
    if let slot = table.slot(of: pfn) { return slot }
    if pfn != Event.noFrame {
      losses.add(pfn < Event.frameLimit ? .tableFull : .implausibleFrame)
    }
    return nil
  }

  /// The state in a slot, with what a loss has made stale forgotten, in the table too.
  @inline(__always)
  mutating func freshState(_ slot: PageTable.Slot) -> PageState {
    let state = table[slot]
    return state.epoch == gaps.epoch ? state : forget(state, in: slot)
  }

  /// The page leaves its block, once: the block's members are counted.
  @discardableResult
  mutating func forget(_ state: PageState, in slot: PageTable.Slot) -> PageState {
    if state.block != 0 { blocks.leave(state.block) }
    var fresh = PageState()
    fresh.epoch = gaps.epoch
    fresh.step = state.step
    table[slot] = fresh
    waiting.stirAll()
    return fresh
  }

  /// Reports a transition unless nothing stands out.
  mutating func note(_ transition: consuming Transition) {
    if gaps.isDark { transition.marks.insert(.dark) }
    transitions.append(transition)
  }
}
