import LedgerInput

/// The beginnings of lines that were read before: everything up to the dot of the time.
///
/// A task on one CPU writes thousands of lines in the same second, so that only the fraction of the time and the body
/// are new. An entry is made from a line that `LineContext.parse` read; a line that begins with the same
/// bytes and goes on with six or nine digits, a colon and a space cannot be read in any other way.
struct LinePrefixes {
  /// Bytes of a beginning that are told apart, and the fewest there must be.
  private static let longest = 48
  private static let shortest = 35
  private static let rows = 128

  /// What a line that begins like an earlier one says before its body.
  struct Match {
    var row = 0
    var time: UInt64 = 0
    /// Offset of the space before the body.
    var body = 0
    var pid: Int32 = -1
    var cpu: UInt16 = 0
    var flags: UInt8 = 0
    /// `CommCache.changes` when the name of the task was noted last.
    var noted: UInt64 = 0
  }

  /// What the lines with one beginning have in common.
  private struct Entry {
    var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    var masks: (UInt64, UInt64) = (0, 0)
    /// Length with the dot; 0 when nothing was learnt.
    var count = 0
    /// Whole seconds, in nanoseconds.
    var seconds: UInt64 = 0
    var pid: Int32 = -1
    var cpu: UInt16 = 0
    var flags: UInt8 = 0
    /// Places are relative to the start of the line.
    var context = LineContext()
    /// `CommCache.changes` when the name of the task was noted last.
    var noted = UInt64.max
  }

  private var entries = [Entry](repeating: Entry(), count: rows)

  /// Looks for the beginning of a line.
  @inline(__always)
  func match(_ text: borrowing WideText, _ start: Int, _ end: Int) -> Match? {
    let row = Self.row(text, start)
    let words = entries[row].words
    let masks = entries[row].masks
    let first =
      (text.word(start) ^ words.0) | (text.word(start &+ 8) ^ words.1)
      | (text.word(start &+ 16) ^ words.2)
    let rest =
      (text.word(start &+ 24) ^ words.3) | (text.word(start &+ 32) & masks.0 ^ words.4)
      | (text.word(start &+ 40) & masks.1 ^ words.5)
    let count = entries[row].count
    guard first | rest == 0, count > 0, end &- start > Self.longest else { return nil }
    let at = start &+ count
    let digits = text.word(at)
    let behind = text.word(at &+ 8)
    var match = Match(row: row)
    match.pid = entries[row].pid
    match.cpu = entries[row].cpu
    match.flags = entries[row].flags
    match.noted = entries[row].noted
    var part: UInt64
    if digits &>> 48 == 0x203a {
      guard let six = WideDigits.decimal6(digits) else { return nil }
      part = six &* 1000
      match.body = at &+ 7
    } else {
      let ninth = (behind & 0xff) &- 0x30
      guard let eight = WideDigits.decimal(digits), ninth < 10, (behind &>> 8) & 0xffff == 0x203a
      else { return nil }
      part = eight &* 10 &+ ninth
      match.body = at &+ 10
    }
    let (time, over) = entries[row].seconds.addingReportingOverflow(part)
    match.time = time
    return over || match.body >= end ? nil : match
  }

  /// The context of a line that begins at `start`.
  func context(_ match: Match, _ start: Int) -> LineContext {
    var context = entries[match.row].context
    context.commStart &+= start
    context.commEnd &+= start
    context.time = match.time
    context.body = match.body
    return context
  }

  /// Takes the beginning of a line that was read; `context` is what it gave.
  mutating func learn(_ context: LineContext, _ bytes: RawSpan, _ start: Int, _ end: Int) {
    guard context.hasCPU, !context.isRawTime, !context.isRelative, !context.isUntimed,
      !context.isNumbers, end &- start > Self.longest, context.commStart >= start,
      (start..<context.commStart).allSatisfy({ bytes.u8($0) == 0x20 }), let text = WideText(bytes)
    else { return }
    var dot = context.body &- 2
    while dot > start, Ascii.isDigit(bytes.u8(dot)) { dot &-= 1 }
    let count = dot &+ 1 &- start
    guard bytes.u8(dot) == 0x2e, count >= Self.shortest, count <= Self.longest else { return }
    var entry = Entry()
    entry.masks = (Self.mask(count &- 32), Self.mask(count &- 40))
    entry.words = (
      text.word(start), text.word(start &+ 8), text.word(start &+ 16), text.word(start &+ 24),
      text.word(start &+ 32) & entry.masks.0, text.word(start &+ 40) & entry.masks.1
    )
    entry.count = count
    entry.pid = context.pid
    entry.cpu = UInt16(truncatingIfNeeded: context.cpu)
    entry.flags = context.context
    entry.context = context
    entry.context.commStart &-= start
    entry.context.commEnd &-= start
    entry.seconds = context.time / 1_000_000_000 &* 1_000_000_000
    entries[Self.row(text, start)] = entry
  }

  /// The name of the entry's task was noted.
  mutating func note(_ row: Int, _ changes: UInt64) { entries[row].noted = changes }

  @inline(__always)
  private static func row(_ text: borrowing WideText, _ start: Int) -> Int {
    // The bytes behind the CPU's number hold the flags, or the seconds of a text without them.
    let mixed =
      text.word(start &+ 8) ^ text.word(start &+ 16) &* 3 ^ text.word(start &+ 27) &* 0x9e37_79b1
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) &>> 57)
  }

  /// The lowest bytes of a word.
  static func mask(_ count: Int) -> UInt64 {
    if count <= 0 { return 0 }
    return count >= 8 ? .max : (1 &<< UInt64(count &* 8)) &- 1
  }
}
