internal import LedgerCore

/// Events that cannot follow from the state of their page yet.
///
/// Events of different CPUs at one time are unordered, and a lagging CPU's `global` clock stands still for
/// thousands of events. Each page_ref event carries its result, which gives the order back, page by page.
struct Deferral {
  /// More than ever wait in a healthy capture; beyond it the oldest is applied as it is.
  private static let limit = 64
  private var events: [Event] = []
  /// The regions of each event, in the same order.
  private var regions: [Regions] = []
  /// Where states have changed since those who wait were asked last.
  private var changed = Regions.none
  /// Blocks were seen that lie in more than one region.
  private var areWide = false

  var isWaiting: Bool { !events.isEmpty }
  var isFull: Bool { events.count >= Self.limit }
  var time: UInt64 { events.first?.time ?? 0 }
  var count: Int { events.count }

  mutating func add(_ event: Event) {
    events.append(event)
    regions.append(event.regions)
  }

  mutating func remove(at index: Int) -> Event {
    changed.formUnion(regions.remove(at: index))
    return events.remove(at: index)
  }

  func event(at index: Int) -> Event { events[index] }

  /// The states of an event's pages, or the records of their blocks, have changed.
  @inline(__always)
  mutating func stir(_ event: Event) { changed.formUnion(areWide ? .all : event.regions) }

  /// A block above order 10 was seen: from now on a page's state may depend on pages of other regions.
  mutating func widen() { areWide = true }

  /// Any state may have changed.
  @inline(__always)
  mutating func stirAll() { changed = .all }

  /// Nothing that those who wait depend on has changed.
  var isCalm: Bool { changed.isDisjoint(with: .all) }

  mutating func calm() { changed = .none }

  /// True if something changed on which the event depends.
  func mayFit(at index: Int) -> Bool { !regions[index].isDisjoint(with: changed) }

  /// True if an event of the same CPU waits for one of the same pages: it must stay in front.
  func blocks(_ event: Event, before index: Int? = nil) -> Bool {
    let own = event.regions
    for other in 0..<(index ?? events.count) where !regions[other].isDisjoint(with: own) {
      if events[other].cpu == event.cpu, events[other].overlaps(event) { return true }
    }
    return false
  }
}

/// A set of regions of 1,024 pages, told apart by the last six bits of their numbers.
///
/// A block of the buddy allocator lies within one: order 10 is its highest, and a block is aligned to its size
/// (include/linux/mmzone.h:MAX_ORDER, 5.4 to 7.1). Larger blocks, gigantic pages, are in all regions.
struct Regions: OptionSet {
  let rawValue: UInt64
  static let none: Regions = []
  static let all = Regions(rawValue: .max)
  static let shift: UInt64 = 10

  @inline(__always)
  init(rawValue: UInt64) { self.rawValue = rawValue }

  @inline(__always)
  init(of pfn: UInt64) { rawValue = 1 << ((pfn >> Self.shift) & 63) }
}

extension Event {
  /// The pages that the event names.
  fileprivate var frames: Range<UInt64> {
    let isBlock = kind == .pageAlloc || kind == .pageFree
    return pfn..<pfn &+ (isBlock ? 1 << UInt64(order) : 1)
  }

  fileprivate func overlaps(_ other: Event) -> Bool { frames.overlaps(other.frames) }

  /// The regions of the event's pages and of their blocks.
  @inline(__always)
  fileprivate var regions: Regions {
    let first = Regions(of: pfn)
    guard kind == .pageAlloc || kind == .pageFree else { return first }
    guard order <= UInt8(Regions.shift) else { return .all }
    return first.union(Regions(of: pfn &+ (1 << UInt64(order)) &- 1))
  }
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
    guard !waiting.isCalm else { return }
    var index = 0
    while index < waiting.count {
      // Whether it fits is known from one page; whether another stands in front, only from all that wait.
      guard waiting.mayFit(at: index), fits(waiting.event(at: index)),
        !waiting.blocks(waiting.event(at: index), before: index)
      else {
        index += 1
        continue
      }
      applyLate(waiting.remove(at: index))
      index = 0
    }
    waiting.calm()
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
  mutating func freeFits(_ event: Event, _ state: PageState) -> Bool {
    guard state.life != .free else { return false }
    if state.bits.contains(.counted), state.count != 0 { return false }
    return state.block == 0 || fits(event, in: state.block)
  }

  /// False for a free that breaks its block: the split, or the put of the head, may have the same time.
  private mutating func fits(_ event: Event, in number: UInt32) -> Bool {
    guard blocks[number].isWhole else { return true }
    guard event.pfn == blocks[number].head else { return followsTailPath(event, blocks[number]) }
    return event.order == blocks[number].order || blocks[number].members <= 1
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
