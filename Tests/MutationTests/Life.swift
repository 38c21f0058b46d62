import LedgerCore

/// A block of pages from its allocation to its free, as an independent reading of the events finds it.
///
/// Only lives with nothing unusual in them: every reference event is the head's, the counts chain, the last put reaches zero.
struct Life {
  var head: UInt64
  var order: UInt8
  var isCompound: Bool
  /// Indices of events: `mm_page_alloc`, the head's references behind it, `mm_page_free`.
  var alloc: Int
  var references: [Int] = []
  var free = 0
  var count: Int32
  /// Somebody maps it for a process, a guest or a device.
  var isHeld = false
  /// A pin or a bias was taken.
  var isPinned = false
  /// Its events are on this story's; -1 in a real capture.
  var story = -1

  var frames: ClosedRange<UInt64> { head...head + (1 << UInt64(order)) - 1 }
  var lastPut: Int { references.last ?? alloc }
  var isPlain: Bool { order > 0 && !isCompound }

  /// The lives of a stream, in order of their ends.
  static func all(in stream: LegalStream) -> [Life] {
    var reader = LifeReader()
    for (index, event) in stream.events.enumerated() { reader.take(event, at: index, in: stream) }
    return reader.complete
  }
}

private struct LifeReader {
  var complete: [Life] = []
  private var open: [UInt64: Life] = [:]
  /// Head of the open life that a page belongs to.
  private var heads: [UInt64: UInt64] = [:]
  private var births: [UInt64: Event] = [:]

  mutating func take(_ event: Event, at index: Int, in stream: LegalStream) {
    switch event.kind {
    case .pageAlloc: begin(event, at: index, in: stream)
    case .pageFree: end(event, at: index)
    case .spteChanged: hold(((event.word | event.extra) & 0x000f_ffff_ffff_f000) >> 12)
    case _ where event.kind.isPageRef: refer(event, at: index)
    case .insertPfn, .insertPage, .insertHuge, .remapRange, .iommuMap, .dmaMap, .freePages:
      hold(event.pfn)
    default: break
    }
  }

  private mutating func begin(_ event: Event, at index: Int, in stream: LegalStream) {
    guard event.pfn != Event.noFrame else { return }
    for pfn in event.pfn..<event.pfn + (1 << UInt64(event.order)) { spoil(pfn) }
    guard !event.gaps.contains(.gfp), let birth = births[event.pfn], birth.pid == event.pid else {
      return
    }
    births[event.pfn] = nil
    var life = Life(
      head: event.pfn, order: event.order, isCompound: event.word & 0x40000 != 0, alloc: index,
      count: 1)
    if stream.isSynthetic { life.story = stream.stories[index] }
    for pfn in life.frames { heads[pfn] = life.head }
    open[life.head] = life
  }

  private mutating func refer(_ event: Event, at index: Int) {
    guard let head = heads[event.pfn] else {
      births[event.pfn] = event.kind == .pageRefSet && event.value == 1 ? event : nil
      return
    }
    guard head == event.pfn, var life = open[head] else { return spoil(event.pfn) }
    let isRefused = event.kind == .pageRefModUnless && event.result == 0
    let moves: [EventKind] = [.pageRefMod, .pageRefModAndTest, .pageRefModUnless]
    guard moves.contains(event.kind), !isRefused, event.context & 0x58 == 0,
      event.count == life.count + event.value
    else { return spoil(head) }
    life.count = event.count
    if abs(event.value) > 1 { life.isPinned = true }
    life.references.append(index)
    open[head] = life
  }

  private mutating func hold(_ pfn: UInt64) {
    guard let head = heads[pfn] else { return }
    open[head]?.isHeld = true
  }

  private mutating func end(_ event: Event, at index: Int) {
    guard event.pfn != Event.noFrame else { return }
    for pfn in event.pfn..<event.pfn + (1 << UInt64(event.order)) { births[pfn] = nil }
    if var life = open[event.pfn], life.order == event.order, life.count == 0,
      !life.references.isEmpty
    {
      life.free = index
      complete.append(life)
    }
    for pfn in event.pfn..<event.pfn + (1 << UInt64(event.order)) { spoil(pfn) }
  }

  private mutating func spoil(_ pfn: UInt64) {
    guard let head = heads[pfn], let life = open.removeValue(forKey: head) else { return }
    for pfn in life.frames { heads[pfn] = nil }
  }
}
