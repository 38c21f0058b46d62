import LedgerCore
import LedgerInput

/// Tells a line that was a page event before something damaged it from one that never was.
///
/// A serial console drops and flips bytes. What such a line said is lost like any other event: the replay must not take
/// its silence for the kernel's.
enum DamagedLine {
  /// Fields that only page_ref events print, and the names of the events that the replay counts on.
  private static let mapcount = StaticText(" mapcount=")
  private static let value = StaticText(" val=")
  private static let frame = StaticText("pfn=")
  private static let names = ["page_ref_", "mm_page_alloc:", "mm_page_free:"].map { StaticText($0) }

  /// True for the body of a page_ref event, whatever name stands before it.
  static func isPageReference(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    mapcount.firstOffset(in: bytes, from: start, to: end) != nil
      && value.firstOffset(in: bytes, from: start, to: end) != nil
  }

  /// True for a line that cannot be read as an event and yet names one of the allocator or of references.
  static func namesPageEvent(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    guard frame.firstOffset(in: bytes, from: start, to: end) != nil else { return false }
    return isPageReference(bytes, from: start, to: end)
      || names.contains { $0.firstOffset(in: bytes, from: start, to: end) != nil }
  }

  /// True for a line with a CPU and, behind it, the name of an event that the replay uses, whatever else it lacks.
  static func namesEvent(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    guard let bracket = bytes.firstOffset(of: 0x5b, from: start, to: end) else { return false }
    var line = LineCursor(bytes, from: bracket, to: end)
    guard line.skipCPU() else { return false }
    var at = line.at
    while let colon = bytes.firstOffset(of: 0x3a, from: at, to: end) {
      var name = colon
      while name > at, Ascii.isName(bytes.u8(name &- 1)) { name &-= 1 }
      if Ascii.isSpace(bytes.u8(name &- 1)), DamagedName.isWhole(bytes, from: name, to: colon) {
        return true
      }
      at = colon &+ 1
    }
    return false
  }

  /// Shorter bodies do not hold another line.
  static let shortest = 48

  /// True when CPU and time of another event stand in a body: the end of the line between the two was damaged.
  static func holdsAnother(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    var at = start
    while let bracket = bytes.firstOffset(of: 0x5b, from: at, to: end) {
      at = bracket &+ 1
      var line = LineCursor(bytes, from: bracket, to: end)
      guard line.skipCPU(), !line.isAtEnd, Ascii.isSpace(line.byte) else { continue }
      line.skipSpaces()
      if isTime(line) { return true }
      // `d..2.`, what interrupts and preemption were like.
      line.skipWord()
      line.skipSpaces()
      if isTime(line) { return true }
    }
    return false
  }

  /// `12.345678:`
  private static func isTime(_ line: borrowing LineCursor) -> Bool {
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    return cursor.decimal() != nil && cursor.skip(0x2e) && cursor.decimal() != nil
      && cursor.skip(0x3a)
  }
}
