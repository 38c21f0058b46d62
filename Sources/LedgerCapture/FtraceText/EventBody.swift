import LedgerCore
import LedgerInput

/// Reads the bodies of the tracepoints that matter into the slots of an `Event`.
///
/// Fields are found by name in any order, `name=value` as the kernel prints page_ref and kmem events, and
/// `name value` as it prints kvm ones; a cut line lacks a field and is refused.
struct EventBody {
  var gfp = GfpNames()
  /// Further entries of the list that the last event began.
  var rest: [Event] = []

  /// False when a field that the event cannot do without is missing or no number.
  @inline(__always)
  mutating func read(
    _ line: inout LineCursor, kind: EventKind, isTraceCmd: Bool, into event: inout Event
  )
    -> Bool
  {
    if kind.isPageRef {
      return PageRefBody.readInOrder(&line, kind, &event) || Self.pageRef(&line, kind, &event)
    }
    return switch kind {
    case .pageAlloc: pageAlloc(&line, &event)
    case .pageFree, .pageFreeBatched: Self.pageFree(&line, &event)
    case .kvmPageFault: KvmBody.pageFault(&line, &event)
    case .kvmSpteRequested: KvmBody.spteRequested(&line, &event)
    case .kvmSetSpte: KvmBody.setSpte(&line, &event)
    case .kvmUserspaceExit: KvmBody.userspaceExit(&line, isTraceCmd, &event)
    case .zapAllFast: true
    case .unmapHva: KvmBody.unmapHva(line, &event)
    case .dmaMapSg, .dmaUnmapSg: ListBody.read(line, &event, &rest)
    case .vmaStore, .vmaErase, .exitMmap: SpaceBody.read(line, &event)
    default: SlotWords.of(kind).read(line, &event)
    }
  }

  /// True for kinds that only `SlotWords` reads.
  static func isOfWords(_ kind: EventKind) -> Bool {
    switch kind {
    case .pageAlloc, .pageFree, .pageFreeBatched, .kvmPageFault, .kvmSpteRequested, .kvmSetSpte,
      .kvmUserspaceExit, .zapAllFast, .unmapHva, .dmaMapSg, .dmaUnmapSg, .vmaStore, .vmaErase,
      .exitMmap:
      false
    default: !kind.isPageRef
    }
  }

  /// include/trace/events/page_ref.h:page_ref_mod_template, the same from 5.4 to 7.1.
  @inline(__always)
  private static func pageRef(_ line: inout LineCursor, _ kind: EventKind, _ event: inout Event)
    -> Bool
  {
    var found: UInt8 = 0
    event.gaps = []
    while let key = Key.next(&line) {
      switch key {
      case .pfn: guard readFrame(&line, &event, &found) else { return false }
      case .flags: readFlags(&line, &event)
      case .count:
        guard let value = line.signed(), line.isAtBreak else { return false }
        event.count = value
        found |= 2
      case .mapcount: event.mapcount = line.signed() ?? 0
      case .mapping: event.pointer = line.hex() ?? 0
      case .mt: event.order = line.signed().map { UInt8(truncatingIfNeeded: $0) } ?? 0
      case .val:
        guard let value = line.signed(), line.isAtBreak else { return false }
        event.value = value
        found |= 4
      case .ret:
        guard let value = line.signed(), line.isAtBreak else { return false }
        event.result = value
        found |= 8
      default: break
      }
      line.skipWord()
    }
    let needsResult = kind != .pageRefSet && kind != .pageRefMod && kind != .pageRefUnfreeze
    return found | (needsResult ? 0 : 8) == 15
  }

  /// Names are bits that moved between versions, so only a number is kept.
  @inline(__always)
  static func readFlags(_ line: inout LineCursor, _ event: inout Event) {
    if let value = line.number(), line.isAtEnd || Ascii.isSpace(line.byte) {
      event.word = value
      return
    }
    event.gaps.insert(.pageFlags)
    let start = line.at
    line.skipWord()
    if hwpoison.firstOffset(in: line.bytes, from: start, to: line.at) != nil {
      event.gaps.insert(.hwpoison)
    }
  }

  private static let hwpoison = StaticText("hwpoison")

  /// include/trace/events/kmem.h:mm_page_alloc; a failed one has page NULL, in binary pfn -1.
  private mutating func pageAlloc(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    var found: UInt8 = 0
    var isFailed = false
    event.gaps.insert(.gfp)
    while let key = Key.next(&line) {
      switch key {
      case .page: isFailed = Self.isNull(&line)
      case .pfn: guard Self.readFrame(&line, &event, &found) else { return false }
      case .order: guard Self.readOrder(&line, &event, &found) else { return false }
      case .migratetype: event.value = line.signed() ?? 0
      case .gfpFlags:
        let start = line.at
        line.skipWord()
        let value = gfp.value(line.bytes, from: start, to: line.at)
        event.word = value.bits
        event.gaps = event.gaps.subtracting(.gfp).union(value.gaps)
        found |= 4
      default: break
      }
      line.skipWord()
    }
    if isFailed { event.pfn = Event.noFrame }
    return found == 7
  }

  /// `(null)`, `(nil)`, or nothing but zeros; old kernels pad `(null)` to the width of a pointer. `(____ptrval____)` is an address that the
  /// kernel does not show, as early after its start none. lib/vsprintf.c:default_pointer
  private static func isNull(_ line: inout LineCursor) -> Bool {
    var ahead = LineCursor(line.bytes, from: line.at, to: line.end)
    ahead.skipSpaces()
    if ahead.byte == 0x28 {
      ahead.at &+= 1
      return ahead.byte != 0x5f
    }
    return line.hex() == 0
  }

  /// The kernel prints `pfn=0x1400` from 5.15 on and `pfn=5120` before; nothing else has no prefix. Bit 1 of `found`.
  @inline(__always)
  private static func readFrame(
    _ line: inout LineCursor, _ event: inout Event, _ found: inout UInt8
  ) -> Bool {
    guard let value = line.number(), line.isAtBreak else { return false }
    event.pfn = value
    found |= 1
    return true
  }

  /// Bit 2 of `found`.
  @inline(__always)
  private static func readOrder(
    _ line: inout LineCursor, _ event: inout Event, _ found: inout UInt8
  ) -> Bool {
    guard let value = line.number(), value <= 255, line.isAtBreak else { return false }
    event.order = UInt8(truncatingIfNeeded: value)
    found |= 2
    return true
  }

  /// include/trace/events/kmem.h:mm_page_free, mm_page_free_batched; the latter has no order when printed raw.
  private static func pageFree(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    var found: UInt8 = event.kind == .pageFreeBatched ? 2 : 0
    while let key = Key.next(&line) {
      switch key {
      case .pfn: guard Self.readFrame(&line, &event, &found) else { return false }
      case .order: guard Self.readOrder(&line, &event, &found) else { return false }
      default: break
      }
      line.skipWord()
    }
    return found == 3
  }
}
