import LedgerInput

/// The beginnings of lines that were read before: everything up to the dot of the time.
///
/// A task on one CPU writes thousands of lines in the same second, so that only the fraction of the time and the body
/// are new. An entry is made from a line that `LineContext.parse` read; a line that begins with the same
/// bytes and goes on with six or nine digits, a colon and a space cannot be read in any other way.
struct LinePrefixes {
  /// Bytes of a beginning that are told apart, and the fewest there must be.
  private static let longest = 48
  private static let shortest = 30
  private static let rows = 512

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
    /// Whole seconds, in nanoseconds.
    var seconds: UInt64 = 0
    /// `CommCache.changes` when the name of the task was noted last.
    var noted = UInt64.max
    /// Length with the dot.
    var count: Int32 = 0
    var pid: Int32 = -1
    var cpu: UInt16 = 0
    var flags: UInt8 = 0
  }

  private var patterns = BytePatterns(rows: rows, longest: longest)
  private var entries = [Entry](repeating: Entry(), count: rows)
  /// Places are relative to the start of the line.
  private var contexts = [LineContext](repeating: LineContext(), count: rows)

  /// Looks for the beginning of a line.
  @inline(__always)
  func match(_ text: borrowing WideText, _ start: Int, _ end: Int) -> Match? {
    let row = Self.row(text, start)
    guard patterns.matchesShort(row, text, start), end &- start > Self.longest else { return nil }
    let entry = entries[row]
    let at = start &+ Int(entry.count)
    let digits = text.word(at)
    var match = Match(row: row)
    match.pid = entry.pid
    match.cpu = entry.cpu
    match.flags = entry.flags
    match.noted = entry.noted
    var part: UInt64
    if digits &>> 48 == 0x203a {
      guard let six = WideDigits.decimal6(digits) else { return nil }
      part = six &* 1000
      match.body = at &+ 7
    } else {
      let behind = text.word(at &+ 8)
      let ninth = (behind & 0xff) &- 0x30
      guard let eight = WideDigits.decimal(digits), ninth < 10, (behind &>> 8) & 0xffff == 0x203a
      else { return nil }
      part = eight &* 10 &+ ninth
      match.body = at &+ 10
    }
    let (time, over) = entry.seconds.addingReportingOverflow(part)
    match.time = time
    return over || match.body >= end ? nil : match
  }

  /// The context of a line that begins at `start`.
  func context(_ match: Match, _ start: Int) -> LineContext {
    var context = contexts[match.row]
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
    let row = Self.row(text, start)
    guard patterns.set(row, bytes, at: start, count: count) else { return }
    entries[row] = Entry(
      seconds: context.time / 1_000_000_000 &* 1_000_000_000, count: Int32(count), pid: context.pid,
      cpu: UInt16(truncatingIfNeeded: context.cpu), flags: context.context)
    contexts[row] = context
    contexts[row].commStart &-= start
    contexts[row].commEnd &-= start
  }

  /// The name of the entry's task was noted.
  mutating func note(_ row: Int, _ changes: UInt64) { entries[row].noted = changes }

  @inline(__always)
  private static func row(_ text: borrowing WideText, _ start: Int) -> Int {
    // The bytes behind the CPU's number hold the flags, or the seconds of a text without them.
    let mixed =
      text.word(start &+ 8) ^ text.word(start &+ 16) &* 3 ^ text.word(start &+ 27) &* 0x9e37_79b1
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) &>> 55)
  }

  /// The lowest bytes of a word.
  static func mask(_ count: Int) -> UInt64 {
    if count <= 0 { return 0 }
    return count >= 8 ? .max : (1 &<< UInt64(count &* 8)) &- 1
  }
}
