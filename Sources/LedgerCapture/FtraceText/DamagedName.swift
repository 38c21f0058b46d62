import LedgerCore
import LedgerInput

/// Tells the name of an event that the replay uses from what one damaged byte makes of it: its line is no other event's.
enum DamagedName {
  /// Shorter names may be those of other events, one letter apart.
  private static let shortest = 8
  private static let names = EventKind.allCases.map { Array($0.name.utf8) }
    .filter { $0.count >= shortest }

  /// True for a name with one wrong byte, or with a wrong byte in place of the colon behind it.
  static func isNear(_ printed: String) -> Bool {
    let bytes = Array(printed.utf8)
    return names.contains { name in
      if bytes.count == name.count { return zip(bytes, name).count { $0 != $1 } == 1 }
      return bytes.count == name.count + 1 && bytes.starts(with: name)
        && !Ascii.isName(bytes[name.count])
    }
  }

  /// Bytes at a line's beginning that are such a name, nil for lines of functions and others.
  static func length(_ bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    guard StaticText.parent.firstOffset(in: bytes, from: start, to: end) == nil else { return nil }
    for name in names where end &- start > name.count {
      var wrong = 0
      var at = 0
      while at < name.count, wrong < 2 {
        if bytes.u8(start &+ at) != name[at] { wrong += 1 }
        at += 1
      }
      let last = bytes.u8(start &+ name.count)
      if wrong == 1, last == 0x3a { return name.count }
      if wrong == 0, !Ascii.isName(last), !Ascii.isSpace(last), last != 0x28 {
        return name.count &+ 1
      }
    }
    return nil
  }
}
