import LedgerInput

// The forms of the options latency-format and verbose.
extension LineContext {
  /// `comm-pid cpuFLAGS time:`, where the CPU and the flags touch; the time is `123us` and a mark, or as in
  /// the standard form.
  static func latency(_ bytes: RawSpan, _ start: Int, _ end: Int) -> LineContext? {
    var from = start
    let limit = min(end, start &+ 48)
    while let dash = bytes.firstOffset(of: 0x2d, from: from, to: limit) {
      from = dash &+ 1
      var cursor = LineCursor(bytes, from: from, to: end)
      guard cursor.decimal() != nil, Ascii.isSpace(cursor.byte) else { continue }
      var context = LineContext()
      guard context.readPid(bytes, start, cursor.at) else { continue }
      cursor.skipSpaces()
      guard let cpu = cursor.decimal(), cpu < cpuLimit, !Ascii.isSpace(cursor.byte) else {
        continue
      }
      context.cpu = Int(truncatingIfNeeded: cpu)
      context.readFlags(&cursor)
      cursor.skipSpaces()
      if context.readLatencyTime(&cursor) || context.readTime(&cursor) { return context }
    }
    return nil
  }

  private mutating func readLatencyTime(_ cursor: inout LineCursor) -> Bool {
    let start = cursor.at
    defer { if body == 0 { cursor.at = start } }
    guard let value = cursor.decimal(), cursor.skip(0x75), cursor.skip(0x73) else { return false }
    if !cursor.isAtEnd, cursor.byte != 0x3a { cursor.at &+= 1 }
    guard cursor.skip(0x3a), cursor.isAtEnd || Ascii.isSpace(cursor.byte) else { return false }
    let (scaled, over) = value.multipliedReportingOverflow(by: 1000)
    guard !over else { return false }
    time = scaled
    isRelative = true
    body = cursor.at
    return true
  }

  /// `comm pid cpu flags preempt index [time] relative (+delta): `, where the flags are the bits of the record, and index
  /// and time are in hexadecimal.
  ///
  /// kernel/trace/trace_output.c:trace_print_lat_context and :lat_print_timestamp, 6.12: the time in brackets is in
  /// microseconds when the others are in `ms`, else in ticks of the clock.
  static func verbose(_ bytes: RawSpan, _ start: Int, _ end: Int) -> LineContext? {
    let limit = min(end, start &+ 128)
    guard let bracket = bytes.lastOffset(of: 0x5b, from: start, to: limit) else { return nil }
    var cursor = LineCursor(bytes, from: bracket &+ 1, to: end)
    guard let time = cursor.bareHex(), cursor.at &- bracket > 8, cursor.skip(0x5d) else {
      return nil
    }
    var context = LineContext()
    guard context.readNumbers(bytes, start, bracket),
      context.readDistance(&cursor, absolute: time)
    else { return nil }
    return context
  }

  /// Reads from the bracket back to the comm.
  private mutating func readNumbers(_ bytes: RawSpan, _ start: Int, _ bracket: Int) -> Bool {
    var words = BackwardWords(bytes, from: start, to: bracket)
    guard words.hex(width: 8) != nil, words.hex(width: 8) != nil,
      let flags = words.decimal(), flags <= 0xff,
      let cpu = words.decimal(), cpu < Self.cpuLimit,
      let pid = words.decimal(), pid <= Int32.max
    else { return false }
    context = UInt8(truncatingIfNeeded: flags) & 0x59
    self.cpu = Int(truncatingIfNeeded: cpu)
    self.pid = Int32(truncatingIfNeeded: pid)
    commEnd = words.end
    commStart = max(start, commEnd &- 16)
    while commStart < commEnd, Ascii.isSpace(bytes.u8(commStart)) { commStart &+= 1 }
    return true
  }

  /// Reads `20.595ms (+25.588ms): ` or `33930802 (+3315926): `; what matters is the unit.
  private mutating func readDistance(_ cursor: inout LineCursor, absolute: UInt64) -> Bool {
    cursor.skipSpaces()
    let start = cursor.at
    cursor.skipWord()
    let isTicks = cursor.at > start && cursor.bytes.u8(cursor.at &- 1) != 0x73
    cursor.skipSpaces()
    guard cursor.skip(0x28), cursor.skip(0x2b) else { return false }
    cursor.skipWord()
    let end = cursor.at &- 1
    guard end > start, cursor.bytes.u8(end) == 0x3a, cursor.bytes.u8(end &- 1) == 0x29 else {
      return false
    }
    let (scaled, over) = absolute.multipliedReportingOverflow(by: isTicks ? 1 : 1000)
    guard !over else { return false }
    time = scaled
    isRawTime = isTicks
    body = cursor.at
    return true
  }
}

/// Reads words of a line from right to left.
struct BackwardWords: ~Escapable {
  private let bytes: RawSpan
  private let start: Int
  /// Behind the last byte of what was not read yet, spaces not counted.
  private(set) var end: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from start: Int, to end: Int) {
    self.bytes = bytes
    self.start = start
    self.end = end
    skipSpaces()
  }

  private mutating func skipSpaces() {
    while end > start, Ascii.isSpace(bytes.u8(end &- 1)) { end &-= 1 }
  }

  private mutating func word() -> Int {
    var at = end
    while at > start, !Ascii.isSpace(bytes.u8(at &- 1)) { at &-= 1 }
    return at
  }

  /// The word as a decimal number; nil, without moving, when it is none.
  mutating func decimal() -> UInt64? {
    let at = word()
    var cursor = LineCursor(bytes, from: at, to: end)
    guard let value = cursor.decimal(), cursor.isAtEnd else { return nil }
    end = at
    skipSpaces()
    return value
  }

  /// The word as a number of at least `width` hexadecimal digits; nil, without moving, when it is none.
  mutating func hex(width: Int) -> UInt64? {
    let at = word()
    var cursor = LineCursor(bytes, from: at, to: end)
    guard end &- at >= width, let value = cursor.bareHex(), cursor.isAtEnd else { return nil }
    end = at
    skipSpaces()
    return value
  }
}
