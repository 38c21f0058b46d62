internal import LedgerCore

/// Events that cannot follow from the state of their page yet.
///
/// Events of different CPUs at one time are unordered, and a lagging CPU's `global` clock stands still for
/// thousands of events. Each page_ref event carries its result, which gives the order back, page by page.
struct Deferral {
  /// More than ever wait in a healthy capture; beyond it the oldest is applied as it is.
  private static let limit = 64
  private var events: [Event] = []

  var isWaiting: Bool { !events.isEmpty }
  var isFull: Bool { events.count >= Self.limit }
  var time: UInt64 { events.first?.time ?? 0 }
  var count: Int { events.count }

  mutating func add(_ event: Event) { events.append(event) }
  mutating func remove(at index: Int) -> Event { events.remove(at: index) }
  func event(at index: Int) -> Event { events[index] }

  /// True if an event of the same CPU waits for one of the same pages: it must stay in front.
  func blocks(_ event: Event, before index: Int? = nil) -> Bool {
    events[..<(index ?? events.count)].contains { $0.cpu == event.cpu && $0.overlaps(event) }
  }
}

extension Event {
  /// The pages that the event names.
  fileprivate var frames: Range<UInt64> {
    let isBlock = kind == .pageAlloc || kind == .pageFree
    return pfn..<pfn &+ (isBlock ? 1 << UInt64(order) : 1)
  }

  fileprivate func overlaps(_ other: Event) -> Bool { frames.overlaps(other.frames) }
}

extension Replay {
  /// Puts an event off if its page cannot take it now; true when it waits.
  mutating func waits(_ event: Event, fits: Bool) -> Bool {
    guard !fits || (waiting.isWaiting && waiting.blocks(event)) else { return false }
    if !fits { explanations.add(.lateOrder, event) }
    if waiting.isFull { applyLate(waiting.remove(at: 0)) }
    waiting.add(event)
    return true
  }

  /// Before an event is applied: waiting events whose time has passed go first, as they are.
  mutating func releaseWaiting(before event: Event) {
    if event.time != waiting.time { return flushWaiting() }
    retryWaiting()
  }

  /// Applies the waiting events that fit by now.
  private mutating func retryWaiting() {
    var index = 0
    while index < waiting.count {
      let event = waiting.event(at: index)
      // Whether it fits is known from one page; whether another stands in front, only from all that wait.
      guard fits(event), !waiting.blocks(event, before: index) else {
        index += 1
        continue
      }
      applyLate(waiting.remove(at: index))
      index = 0
    }
  }

  mutating func flushWaiting() {
    retryWaiting()
    while waiting.isWaiting {
      applyLate(waiting.remove(at: 0))
      retryWaiting()
    }
  }

  /// True if the event can follow from the state of its pages.
  mutating func fits(_ event: Event) -> Bool {
    guard let slot = table.existingSlot(of: event.pfn) else { return true }
    let state = freshState(slot)
    switch event.kind {
    case .pageAlloc: return allocationFits(event, head: state)
    case .pageFree: return freeFits(event, state)
    default: return referenceFits(event, state)
    }
  }

  @inline(__always)
  func freeFits(_ event: Event, _ state: PageState) -> Bool {
    guard state.life != .free else { return false }
    if state.bits.contains(.counted), state.count != 0 { return false }
    return state.block == 0 || fits(event, in: blocks[state.block])
  }

  /// False for a free that breaks its block: the split, or the put of the head, may have the same time.
  private func fits(_ event: Event, in block: Block) -> Bool {
    guard block.isWhole else { return true }
    guard event.pfn == block.head else { return followsTailPath(event, block) }
    return event.order == block.order || block.members <= 1
  }

  @inline(__always)
  func referenceFits(_ event: Event, _ state: PageState) -> Bool {
    guard state.bits.contains(.counted) else { return true }
    let before = state.count &+ Int32(state.drift)
    switch event.kind {
    case .pageRefMod: return before &+ event.value == event.count
    case .pageRefModAndTest:
      return before &+ event.value == (event.result != 0 ? 0 : event.count)
    case .pageRefModAndReturn: return state.count &+ event.value == event.result
    case .pageRefModUnless:
      return event.result != 0 ? before != 0 && before &+ event.value == event.count : before == 0
    case .pageRefFreeze: return event.result != 0 ? before == event.value : before != event.value
    case .pageRefUnfreeze: return before == 0
    // A page that was put to zero goes through the allocator before it is born again, as a rule.
    case .pageRefSet: return event.value != 1 || (before == 0 && state.life != .dying)
    default: return true
    }
  }
}
