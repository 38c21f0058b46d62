public import LedgerCore

/// The page whose life somebody wants to see.
public struct WatchRange: Sendable {
  /// The page.
  public var pfn: UInt64
  /// Show the other pages of its block too.
  public var includeBlock: Bool

  /// Watches a page, or all of the block it belongs to.
  public init(pfn: UInt64, includeBlock: Bool = false) {
    self.pfn = pfn
    self.includeBlock = includeBlock
  }
}

/// One event in a watched life.
public struct WatchedStep: Sendable {
  /// The event.
  public var event: Event
  /// The event's name, as the kernel spells it.
  public var name: String { event.kind.name }
  /// State before, in words.
  public var before: String
  /// State after.
  public var after: String
  /// What the words do not say: the block, the page's place in it.
  public var note: String
}

/// What is watched, and what was seen since somebody last asked.
struct Watch {
  let page: UInt64
  let includeBlock: Bool
  var frames: ClosedRange<UInt64>
  var steps: [WatchedStep] = []
  /// References taken less references given back since the page's birth, by task.
  var references: [Int32: Int64] = [:]

  init(_ range: WatchRange) {
    page = range.pfn
    includeBlock = range.includeBlock
    frames = range.pfn...range.pfn
  }
}

extension Replay {
  /// Gives the watched steps since the last call.
  public mutating func takeWatched() -> [WatchedStep] {
    defer { watch?.steps.removeAll(keepingCapacity: true) }
    return watch?.steps ?? []
  }

  mutating func watchStep(_ event: Event, _ before: PageState, _ after: PageState) {
    guard watch?.frames.contains(event.pfn) == true else { return }
    if event.pfn == watch?.page { watch?.count(event) }
    add(event, before, after, note: place(of: event.pfn, in: before.block))
  }

  /// The state of the watched page if the event covers it, else that of the page the event names.
  mutating func watchedState(_ event: Event, head: PageState) -> PageState {
    guard let watched = watch, covers(event, watched.page), watched.page != event.pfn,
      let slot = table.existingSlot(of: watched.page)
    else { return head }
    return freshState(slot)
  }

  mutating func watchBlock(_ event: Event, before: PageState, head after: PageState) {
    guard let watched = watch else { return }
    let last = event.pfn &+ (1 << UInt64(event.order)) &- 1
    guard (event.pfn...last).overlaps(watched.frames) else { return }
    if event.kind == .pageAlloc, watched.includeBlock, covers(event, watched.page) {
      watch?.frames = event.pfn...last
    }
    if event.kind == .pageAlloc || covers(event, watched.page) { watch?.count(event) }
    let isTail = event.pfn != watched.page && covers(event, watched.page)
    add(
      event, before, watchedState(event, head: after),
      note: isTail ? "page \(watched.page &- event.pfn) of the block" : "")
  }

  private func covers(_ event: Event, _ pfn: UInt64) -> Bool {
    pfn >= event.pfn && pfn &- event.pfn < 1 << UInt64(event.order)
  }

  mutating func watchGuest(_ event: Event) {
    guard let slot = table.existingSlot(of: event.pfn) else { return }
    let state = table[slot]
    watchStep(event, state, state)
  }

  private mutating func add(
    _ event: Event, _ before: PageState, _ after: PageState, note: String
  ) {
    watch?.steps.append(
      WatchedStep(
        event: event, before: PageView(before).words, after: PageView(after).words, note: note))
  }

  /// A step that leaves the count as it is.
  mutating func addStep(_ event: Event, _ state: PageState, note: String) {
    add(event, state, state, note: note)
  }

  private func place(of pfn: UInt64, in number: UInt32) -> String {
    guard number != 0 else { return "" }
    let block = blocks[number]
    guard pfn != block.head else {
      return "head of order-\(block.order) \(block.kind.rawValue) block"
    }
    let index = pfn &- block.head
    return "page \(index) of order-\(block.order) \(block.kind.rawValue) block \(hex(block.head))"
  }
}
