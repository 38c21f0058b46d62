import LedgerCore
import LedgerInput

/// Tells the name of an event that the replay uses from what one damaged byte makes of it: its line is no other event's.
enum DamagedName {
  /// Shorter names may be those of other events, one letter apart.
  private static let shortest = 8
  private static let names = EventKind.allCases.map { Array($0.name.utf8) }
    .filter { $0.count >= shortest }

  /// True for a name with one wrong byte, or with a wrong byte in place of the colon behind it; a group and a colon may stand before it.
  static func isNear(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    var start = start
    if let colon = (start..<end).first(where: { bytes.u8($0) == 0x3a }), colon < end &- shortest {
      start = colon &+ 1
    }
    return names.contains { name in
      switch end &- start &- name.count {
      case 0: mistakes(in: bytes, at: start, name) == 1
      case 1: !Ascii.isName(bytes.u8(end &- 1)) && mistakes(in: bytes, at: start, name) == 0
      default: false
      }
    }
  }

  /// True for the name of an event that the replay uses.
  static func isWhole(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    names.contains { $0.count == end &- start && mistakes(in: bytes, at: start, $0) == 0 }
  }

  /// Bytes at the beginning of a line without a function's caller that are such a name; nil for other lines.
  static func length(_ bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    for name in names where end &- start > name.count {
      let last = bytes.u8(start &+ name.count)
      guard !Ascii.isName(last), !Ascii.isSpace(last), last != 0x28 else { continue }
      let mistakes = mistakes(in: bytes, at: start, name)
      if mistakes == 1, last == 0x3a { return name.count }
      if mistakes == 0 { return name.count &+ 1 }
    }
    return nil
  }

  /// How many bytes of a name are others; no more than two are counted.
  private static func mistakes(in bytes: RawSpan, at start: Int, _ name: [UInt8]) -> Int {
    var wrong = 0
    for offset in name.indices where bytes.u8(start &+ offset) != name[offset] {
      wrong += 1
      if wrong == 2 { break }
    }
    return wrong
  }
}
