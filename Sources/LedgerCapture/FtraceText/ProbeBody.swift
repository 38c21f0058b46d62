import LedgerCore
import LedgerInput

/// Bodies of kprobe and fprobe events: `(func+0x0/0x130) arg=..`, `(caller+0x.. <- func) arg=..`.
///
/// kernel/trace/trace_kprobe.c:print_kprobe_event and :print_kretprobe_event, 6.1. libtraceevent prints bare
/// addresses in the parentheses, and `__probe_ip=` or `__probe_func=` in raw mode.
enum ProbeBody {
  /// Which probe this is, `.other` if none that matters; moves behind the place.
  static func kind(_ line: inout LineCursor, named: EventKind) -> EventKind {
    if line.byte == 0x28 { return placed(&line, named) }
    guard named != .other, line.starts(with: rawMark) else { return .other }
    return named
  }

  private static func placed(_ line: inout LineCursor, _ named: EventKind) -> EventKind {
    let limit = min(line.end, line.at &+ 512)
    guard let close = line.bytes.firstOffset(of: 0x29, from: line.at, to: limit) else {
      return .other
    }
    var start = line.at &+ 1
    let arrow = StaticText.arrow.firstOffset(in: line.bytes, from: start, to: close)
    if let arrow { start = arrow &+ 4 }
    // `func+0x4/0x4a0`, or under the option sym-addr `func <ffffffff81831854>`.
    var stop = line.bytes.firstOffset(of: 0x2b, from: start, to: close) ?? close
    stop = line.bytes.firstOffset(of: 0x20, from: start, to: stop) ?? stop
    line.at = close &+ 1
    var address = LineCursor(line.bytes, from: start, to: stop)
    if address.hex() != nil, address.isAtEnd { return named }
    guard stop &- start <= 32 else { return .other }
    let function = line.bytes.text(from: start, to: stop)
    return EventNames.probe(of: function, isReturn: arrow != nil)
  }

  /// Reads the arguments; false when the one that matters is missing or no number.
  static func read(_ line: inout LineCursor, kind: EventKind, into event: inout Event) -> Bool {
    switch kind {
    case .hvaToPfn:
      guard let value = argument(line, addr) ?? argument(line, hva) ?? firstArgument(line) else {
        return false
      }
      event.word = value
    case .hvaToPfnReturn:
      guard let value = firstArgument(line) else { return false }
      event.word = value
      event.pfn = value >= refused ? Event.noFrame : value
    default:
      guard let page = argument(line, page) else { return false }
      event.word = page
      event.pointer = argument(line, vmemmap) ?? 0
      event.order = argument(line, order).map { UInt8(truncatingIfNeeded: min($0, 255)) } ?? 0
      event.pfn = frame(of: page, vmemmap: event.pointer)
    }
    return true
  }

  /// include/linux/mm_types.h:struct page is 64 bytes on 64-bit machines.
  private static func frame(of page: UInt64, vmemmap: UInt64) -> UInt64 {
    guard vmemmap > 0, page >= vmemmap, (page &- vmemmap) & 63 == 0 else { return Event.noFrame }
    let frame = (page &- vmemmap) >> 6
    return frame < Event.frameLimit ? frame : Event.noFrame
  }

  private static func argument(_ line: borrowing LineCursor, _ name: StaticText) -> UInt64? {
    guard let start = KvmBody.value(line, name) else { return nil }
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    return cursor.number()
  }

  /// The first argument that is not the place of the probe.
  private static func firstArgument(_ line: borrowing LineCursor) -> UInt64? {
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    while true {
      cursor.skipSpaces()
      guard !cursor.isAtEnd else { return nil }
      let isPlace = cursor.starts(with: rawMark)
      while !cursor.isAtBreak, cursor.byte != 0x3d { cursor.at &+= 1 }
      guard cursor.skip(0x3d) else { continue }
      if !isPlace { return cursor.number() }
      cursor.skipWord()
    }
  }

  /// include/linux/kvm_host.h:KVM_PFN_ERR_MASK and KVM_PFN_NOSLOT lie at and above this.
  private static let refused: UInt64 = 0x7ff0_0000_0000_0000
  private static let rawMark = StaticText("__probe")
  private static let addr = StaticText("addr")
  private static let hva = StaticText("hva")
  private static let page = StaticText("page")
  private static let vmemmap = StaticText("vmemmap")
  private static let order = StaticText("order")
}

extension StaticText {
  /// Between caller and function of a return probe.
  static let arrow = StaticText(" <- ")
}
