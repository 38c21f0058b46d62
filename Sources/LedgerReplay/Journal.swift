public import LedgerCore

/// One event in the life of a page, with the state it left behind.
public struct Step: Sendable {
  /// The event, without the slots that only matter to decoding.
  public var event: Event
  /// State of the page that the event names, after it.
  public var after: PageView
}

/// A step as it is kept: 64 bytes.
struct StoredStep {
  var time: UInt64 = 0
  var pfn: UInt64 = 0
  var word: UInt64 = 0
  var count: Int32 = 0
  var mapcount: Int32 = 0
  var value: Int32 = 0
  var result: Int32 = 0
  var pid: Int32 = 0
  /// Number of the same page's step before this one, 0 for none.
  var previous: UInt32 = 0
  var ledger: Int32 = 0
  var ordinal: UInt32 = 0
  var cpu: UInt16 = 0
  var kind: EventKind = .other
  var order: UInt8 = 0
  var life: Life = .unknown
  var zero: ZeroCause = .none
  var counted = false
  var gaps: Event.Gaps = []
}

/// The last half million steps of all pages, chained by page: the short history that evidence comes from.
///
/// Bounded on purpose: memory must not follow the length of the capture. The allocation of a live block is kept
/// in its record and does not depend on the journal.
struct Journal: ~Copyable {
  static let capacity = 1 << 19
  private let mask: Int
  /// Touched only as it fills; numbers share places only when it is full.
  private var steps: ReservedMemory<StoredStep>
  /// Places that hold a step.
  private var used = 0
  /// Number of the next step; starts at 1, and skips 0 when it wraps.
  private(set) var next: UInt32 = 1

  init() {
    steps = ReservedMemory(atMost: Self.capacity, atLeast: 1 << 12, isHuge: true)
    mask = steps.count - 1
  }

  /// Writes a step and returns its number.
  @inline(__always)
  mutating func record(_ event: Event, previous: UInt32, after state: PageState) -> UInt32 {
    let number = next
    let place = Int(number) & mask
    if place >= used { used = place &+ 1 }
    steps[place] = StoredStep(
      time: event.time, pfn: event.pfn, word: event.word, count: event.count,
      mapcount: event.mapcount, value: event.value, result: event.result, pid: event.pid,
      previous: previous, ledger: state.count, ordinal: event.ordinal, cpu: event.cpu,
      kind: event.kind,
      order: event.order, life: state.life, zero: state.zero,
      counted: state.bits.contains(.counted), gaps: event.gaps)
    next = number == .max ? 1 : number &+ 1
    return number
  }

  /// True if the place of a step's number has not been given to another one.
  private func keeps(_ number: UInt32) -> Bool {
    number != 0 && next &- number <= UInt32(truncatingIfNeeded: steps.count)
  }

  /// The steps of `pfn` that end with step `number`, oldest first, at most `limit`.
  func chain(of pfn: UInt64, endingAt number: UInt32, limit: Int) -> [Step] {
    var found: [Step] = []
    var number = number
    while keeps(number), found.count < limit {
      let stored = steps[Int(number) & mask]
      guard covers(stored, pfn) else { break }
      found.append(step(stored))
      // A block's event stands in the chain of its head: what came before it there is not this page's.
      guard stored.pfn == pfn else { break }
      number = stored.previous
    }
    return found.reversed()
  }

  /// The event of `pfn` that step `number` is.
  func event(of pfn: UInt64, at number: UInt32) -> Event? {
    chain(of: pfn, endingAt: number, limit: 1).last?.event
  }

  /// The steps of `pfn` since it was allocated last, as far as the last 64 before step `number` tell, and what came right before the
  /// allocation's event; all of them, and nil, when no allocation is among them.
  func life(of pfn: UInt64, endingAt number: UInt32) -> (birth: Event?, steps: ArraySlice<Step>) {
    let steps = chain(of: pfn, endingAt: number, limit: 64)
    let start = steps.lastIndex { $0.event.kind == .pageAlloc } ?? 0
    return (start > 0 ? steps[start - 1].event : nil, steps[start...])
  }

  /// Calls `body` with each allocation that is kept and the page_ref event of its head right before it, in no order.
  func forEachAllocation(_ body: (_ gfp: UInt64, _ flags: UInt64, _ pfn: UInt64) -> Void) {
    for place in 0..<used {
      let alloc = steps[place]
      guard alloc.kind == .pageAlloc, !alloc.gaps.contains(.gfp) else { continue }
      let number = alloc.previous
      guard keeps(number) else { continue }
      let birth = steps[Int(number) & mask]
      guard birth.pfn == alloc.pfn, birth.kind.isPageRef, !birth.gaps.contains(.pageFlags) else {
        continue
      }
      body(alloc.word, birth.word, alloc.pfn)
    }
  }

  private func covers(_ stored: StoredStep, _ pfn: UInt64) -> Bool {
    guard stored.kind == .pageAlloc || stored.kind == .pageFree else { return stored.pfn == pfn }
    return pfn >= stored.pfn && pfn &- stored.pfn < 1 << UInt64(stored.order)
  }

  private func step(_ stored: StoredStep) -> Step {
    var event = Event()
    event.time = stored.time
    event.pfn = stored.pfn
    event.word = stored.word
    event.count = stored.count
    event.mapcount = stored.mapcount
    event.value = stored.value
    event.result = stored.result
    event.pid = stored.pid
    event.cpu = stored.cpu
    event.kind = stored.kind
    event.order = stored.order
    event.gaps = stored.gaps
    event.ordinal = stored.ordinal
    var state = PageState()
    state.life = stored.life
    state.zero = stored.zero
    state.count = stored.ledger
    state.bits = stored.counted ? .counted : []
    return Step(event: event, after: PageView(state))
  }
}
