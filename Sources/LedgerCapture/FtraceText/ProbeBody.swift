import LedgerCore
import LedgerFormat
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
    let plus = line.bytes.firstOffset(of: 0x2b, from: start, to: close) ?? close
    // gcc's clones: `try_grab_page.part.0`; under the option sym-addr `func <ffffffff81831854>`.
    var stop = line.bytes.firstOffset(of: 0x2e, from: start, to: plus) ?? plus
    stop = line.bytes.firstOffset(of: 0x20, from: start, to: stop) ?? stop
    line.at = close &+ 1
    var address = LineCursor(line.bytes, from: start, to: plus)
    if address.hex() != nil, address.isAtEnd { return named }
    guard stop &- start <= 64 else { return .other }
    let function = line.bytes.text(from: start, to: stop)
    return ProbeCatalog.kind(of: function, isReturn: arrow != nil)
  }

  /// Reads the arguments; false when one that matters is missing or no number.
  static func read(_ line: inout LineCursor, kind: EventKind, into event: inout Event) -> Bool {
    event.kind = kind
    defer { event.kind = .other }
    guard !ProbeCatalog.isReturn(kind) else { return readReturn(&line, &event) }
    return SlotWords.of(kind).read(line, &event)
  }

  private static func readReturn(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    guard let value = SlotWords.value(line, ret, isHex: false) ?? firstArgument(line) else {
      return false
    }
    event.word = value
    return event.complete(page: 0, vmemmap: 0, size: 0)
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
      if !isPlace { return SlotWords.number(line, at: cursor.at, isHex: false) }
      cursor.skipWord()
    }
  }

  private static let rawMark = StaticText("__probe")
  private static let ret = StaticText("ret")
}

extension StaticText {
  /// Between caller and function of a return probe.
  static let arrow = StaticText(" <- ")
}
