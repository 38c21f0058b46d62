import LedgerCore
import LedgerInput

/// What stands before the body of an event line.
///
/// kernel/trace/trace_output.c:trace_print_context and :trace_print_lat_context, 6.1;
/// trace-cmd tracecmd/trace-read.c:trace_show_data, 3.1.6.
struct LineContext {
  /// CPUs at or above this are no CPUs: no kernel is built for more.
  static let cpuLimit = 8192

  var commStart = 0
  var commEnd = 0
  var pid: Int32 = -1
  var cpu = 0
  /// A CPU was printed.
  var hasCPU = true
  var context: UInt8 = 0
  var time: UInt64 = 0
  /// The time was a number without a dot: a clock that does not count nanoseconds.
  var isRawTime = false
  /// The time was `123us`: microseconds since the buffer was made.
  var isRelative = false
  /// The text gives no time.
  var isUntimed = false
  /// The body is a number at most: what the event said was not printed.
  var isNumbers = false
  /// Offset of the body behind `: `, spaces not yet skipped.
  var body = 0

  /// Reads `comm-pid [(tgid)] [cpu] [flags] time:`, and the forms of other options when there is no such bracket.
  ///
  /// The comm may hold spaces, dashes and brackets, so each `[` is tried until one has a pid before and a
  /// time behind it.
  static func parse(_ bytes: RawSpan, from start: Int, to end: Int) -> LineContext? {
    var from = start
    let limit = min(end, start &+ 256)
    while let bracket = bytes.firstOffset(of: 0x5b, from: from, to: limit) {
      if let context = standard(bytes, start, bracket, end) { return context }
      from = bracket &+ 1
    }
    return latency(bytes, start, end) ?? verbose(bytes, start, end) ?? numbers(bytes, start, end)
  }

  @inline(__always)
  private static func standard(_ bytes: RawSpan, _ start: Int, _ bracket: Int, _ end: Int)
    -> LineContext?
  {
    var cursor = LineCursor(bytes, from: bracket &+ 1, to: end)
    guard let cpu = cursor.decimal(), cpu < cpuLimit, cursor.skip(0x5d) else { return nil }
    var context = LineContext()
    context.cpu = Int(truncatingIfNeeded: cpu)
    guard context.readTask(bytes, start, bracket) else { return nil }
    cursor.skipSpaces()
    if context.readTime(&cursor) { return context }
    context.readFlags(&cursor)
    cursor.skipSpaces()
    return context.readTime(&cursor) ? context : nil
  }

  /// Reads `comm-pid` and the thread group backwards from the bracket.
  @inline(__always)
  private mutating func readTask(_ bytes: RawSpan, _ start: Int, _ bracket: Int) -> Bool {
    var at = bracket
    while at > start, Ascii.isSpace(bytes.u8(at &- 1)) { at &-= 1 }
    if at > start, bytes.u8(at &- 1) == 0x29 {
      at &-= 1
      while at > start, bytes.u8(at &- 1) != 0x28 { at &-= 1 }
      guard at > start else { return false }
      at &-= 1
      while at > start, Ascii.isSpace(bytes.u8(at &- 1)) { at &-= 1 }
    }
    return readPid(bytes, start, at)
  }

  @inline(__always)
  mutating func readPid(_ bytes: RawSpan, _ start: Int, _ digitsEnd: Int) -> Bool {
    var at = digitsEnd
    var value: UInt64 = 0
    var scale: UInt64 = 1
    while at > start, Ascii.isDigit(bytes.u8(at &- 1)), digitsEnd &- at < 11 {
      at &-= 1
      value &+= UInt64(bytes.u8(at) &- 0x30) &* scale
      scale &*= 10
    }
    guard at < digitsEnd, at > start, bytes.u8(at &- 1) == 0x2d else { return false }
    guard value <= Int32.max else { return false }
    pid = Int32(truncatingIfNeeded: value)
    commEnd = at &- 1
    // TASK_COMM_LEN is 16; what stands further left is the name of a file or instance.
    commStart = max(start, commEnd &- 16)
    while commStart < commEnd, Ascii.isSpace(bytes.u8(commStart)) { commStart &+= 1 }
    return true
  }

  /// Reads the flags column of any width; kernel/trace/trace_output.c:trace_print_lat_fmt.
  @inline(__always)
  mutating func readFlags(_ cursor: inout LineCursor) {
    let start = cursor.at
    if cursor.skip(0x2d) {
      context = cursor.hex().map { UInt8(truncatingIfNeeded: $0) & 0x59 } ?? 0
      return
    }
    cursor.skipWord()
    let width = cursor.at &- start
    guard width >= 3, width <= 10 else { return }
    let first = cursor.bytes.u8(start)
    if first == 0x64 || first == 0x44 { context = 0x01 }
    switch cursor.bytes.u8(start &+ (width >= 7 ? 3 : 2)) {
    case 0x73: context |= 0x10
    case 0x68: context |= 0x08
    case 0x48: context |= 0x18
    case 0x7a: context |= 0x40
    case 0x5a: context |= 0x48
    default: break
    }
  }

  /// Reads `comm-pid` with spaces around it; false when there is no such thing.
  mutating func readTask(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    var from = start
    var stop = end
    while from < stop, Ascii.isSpace(bytes.u8(from)) { from &+= 1 }
    while stop > from, Ascii.isSpace(bytes.u8(stop &- 1)) { stop &-= 1 }
    return readPid(bytes, from, stop)
  }

  /// The flags column and nothing else: kernel/trace/trace_output.c:trace_print_lat_fmt, 6.12.
  static func isFlags(_ word: borrowing LineCursor) -> Bool {
    guard firstFlags.contains(word.byte) else { return false }
    var end = word.end
    while end > word.at, Ascii.isSpace(word.bytes.u8(end &- 1)) { end &-= 1 }
    guard end &- word.at >= 4, end &- word.at <= 8 else { return false }
    return (word.at..<end).allSatisfy { !Ascii.isSpace(word.bytes.u8($0)) }
  }

  /// `.`, `d`, `D`, `b`, `X`
  private static let firstFlags: [UInt8] = [0x2e, 0x64, 0x44, 0x62, 0x58]

  /// Reads `sec.usec:`, `sec.nsec:` or a plain count and its colon.
  @inline(__always)
  mutating func readTime(_ cursor: inout LineCursor) -> Bool {
    let start = cursor.at
    guard let whole = cursor.decimal() else { return false }
    if cursor.byte == 0x2e {
      guard let value = Self.nanoseconds(whole, &cursor) else {
        cursor.at = start
        return false
      }
      time = value
    } else {
      isRawTime = true
      time = whole
    }
    guard cursor.skip(0x3a), cursor.isAtEnd || Ascii.isSpace(cursor.byte) else {
      cursor.at = start
      isRawTime = false
      return false
    }
    body = cursor.at
    return true
  }

  @inline(__always)
  static func nanoseconds(_ seconds: UInt64, _ cursor: inout LineCursor) -> UInt64? {
    cursor.at &+= 1
    let start = cursor.at
    guard var part = cursor.decimal() else { return nil }
    let digits = cursor.at &- start
    if digits == 6 {
      part &*= 1000
    } else {
      guard digits <= 9 else { return nil }
      for _ in digits..<9 { part &*= 10 }
    }
    let (whole, over) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(part)
    return over || carry ? nil : sum
  }
}
