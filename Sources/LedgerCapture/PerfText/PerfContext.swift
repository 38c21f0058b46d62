import LedgerInput

/// What stands before the event's name in a line of `perf script`.
///
/// tools/perf/builtin-script.c:perf_sample__fprintf_start, 6.1: `comm pid/tid [cpu] misc sec.usec: period`, each of which
/// `-F` can leave out.
enum PerfContext {
  /// How far from the start of a line its time may stand.
  private static let reach = 256

  /// Reads the first time of the line and, backwards from it, CPU, thread and comm. `body` is the offset of
  /// the event's name.
  static func parse(_ bytes: RawSpan, from start: Int, to end: Int) -> LineContext? {
    var from = start
    let limit = min(end, start &+ reach)
    while let colon = bytes.firstOffset(of: 0x3a, from: from, to: limit) {
      from = colon &+ 1
      guard colon > start, Ascii.isDigit(bytes.u8(colon &- 1)),
        from == end || Ascii.isSpace(bytes.u8(from))
      else { continue }
      if let context = parse(bytes, start, time: colon, end) { return context }
    }
    return nil
  }

  /// Reads a line without a time: `[comm] [pid/tid] [cpu] [period] group:name:`.
  ///
  /// The time is left 0. The first such line of a text must name an event that the replay uses: other languages have words
  /// with two colons as well.
  static func untimed(_ bytes: RawSpan, from start: Int, to end: Int, isFirst: Bool) -> LineContext?
  {
    var at = start
    let limit = min(end, start &+ reach)
    while at < limit {
      while at < limit, Ascii.isSpace(bytes.u8(at)) { at &+= 1 }
      let word = at
      while at < end, !Ascii.isSpace(bytes.u8(at)) { at &+= 1 }
      let isGeneric = isGeneric(bytes, word, at, end)
      guard isGeneric || isName(bytes, word, at) else { continue }
      if !isGeneric, isFirst, !DamagedLine.namesPageEvent(bytes, from: word, to: end) { return nil }
      var context = LineContext()
      context.isRawTime = true
      context.body = word
      context.readOwner(bytes, start, behindPeriod(bytes, start, word))
      return isGeneric && context.pid < 0 ? nil : context
    }
    return nil
  }

  /// `cycles:` or `cpu-clock:u:` at the end of a line. tools/perf/util/parse-events.c:event_symbols_hw and event_symbols_sw, 6.1
  private static func isGeneric(_ bytes: RawSpan, _ start: Int, _ end: Int, _ lineEnd: Int) -> Bool
  {
    guard end &- start > 2, end &- start < 40, bytes.u8(end &- 1) == 0x3a else { return false }
    for at in end..<lineEnd where !Ascii.isSpace(bytes.u8(at)) { return false }
    let colon = bytes.firstOffset(of: 0x3a, from: start, to: end) ?? end
    return genericEvents.contains(bytes.text(from: start, to: colon))
  }

  private static let genericEvents: Set<String> = [
    "cycles", "cpu-cycles", "instructions", "branches", "branch-instructions", "branch-misses",
    "cache-references", "cache-misses", "bus-cycles", "ref-cycles", "stalled-cycles-frontend",
    "stalled-cycles-backend", "cpu-clock", "task-clock", "page-faults", "faults", "minor-faults",
    "major-faults", "context-switches", "cs", "cpu-migrations", "migrations", "alignment-faults",
    "emulation-faults", "dummy", "bpf-output",
  ]

  /// `group:name:` between `start` and `end`.
  private static func isName(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    guard end &- start > 3, bytes.u8(end &- 1) == 0x3a,
      let colon = bytes.firstOffset(of: 0x3a, from: start, to: end &- 1), colon > start
    else { return false }
    for at in start..<(end &- 1) where at != colon && !Ascii.isName(bytes.u8(at)) { return false }
    return colon < end &- 2
  }

  /// The end of what stands before a count; a lone number is a thread.
  private static func behindPeriod(_ bytes: RawSpan, _ start: Int, _ name: Int) -> Int {
    let number = LineContext.wordStart(bytes, start, LineContext.spacesStart(bytes, start, name))
    var cursor = LineCursor(bytes, from: number, to: name)
    guard cursor.decimal() != nil, cursor.isAtBreak, number > start else { return name }
    let before = LineContext.spacesStart(bytes, start, number)
    guard before > start else { return name }
    let last = bytes.u8(before &- 1)
    // Behind a CPU or another number it is a count.
    return last == 0x5d || Ascii.isDigit(last) && isNumber(bytes, start, before) ? before : name
  }

  private static func isNumber(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    var cursor = LineCursor(bytes, from: LineContext.wordStart(bytes, start, end), to: end)
    return cursor.decimal() != nil && (cursor.isAtEnd || cursor.byte == 0x2f)
  }

  @inline(__always)
  private static func parse(_ bytes: RawSpan, _ start: Int, time colon: Int, _ end: Int)
    -> LineContext?
  {
    var place = colon
    while place > start, Ascii.isDigit(bytes.u8(place &- 1)) || bytes.u8(place &- 1) == 0x2e {
      place &-= 1
    }
    guard place == start || Ascii.isSpace(bytes.u8(place &- 1)) else { return nil }
    var context = LineContext()
    var time = LineCursor(bytes, from: place, to: end)
    guard context.readTime(&time), !context.isRawTime else { return nil }
    time.skipSpaces()
    skipPeriod(&time)
    context.body = time.at
    context.readOwner(bytes, start, place)
    return context
  }

  /// A count before the name: sampled events have one, tracepoints only when asked for.
  @inline(__always)
  private static func skipPeriod(_ line: inout LineCursor) {
    let start = line.at
    guard Ascii.isDigit(line.byte), line.decimal() != nil, line.isAtBreak else {
      line.at = start
      return
    }
    line.skipSpaces()
  }
}

extension LineContext {
  /// Reads `comm pid/tid [cpu] misc` backwards from `end`; whatever is missing stays unknown.
  @inline(__always)
  fileprivate mutating func readOwner(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    hasCPU = false
    var at = Self.spacesStart(bytes, start, end)
    guard at > start else { return }
    let word = Self.wordStart(bytes, start, at)
    if bytes.u8(at &- 1) != 0x5d, !Ascii.isDigit(bytes.u8(at &- 1)) {
      at = Self.spacesStart(bytes, start, word)
    }
    if at > start {
      if bytes.u8(at &- 1) == 0x5d {
        readCPU(bytes, start, &at)
      } else {
        readBareCPU(bytes, start, &at)
      }
    }
    readThread(bytes, start, &at)
    commEnd = at
    commStart = max(start, at &- 64)
    while commStart < commEnd, Ascii.isSpace(bytes.u8(commStart)) { commStart &+= 1 }
  }

  @inline(__always)
  private mutating func readCPU(_ bytes: RawSpan, _ start: Int, _ at: inout Int) {
    let open = Self.wordStart(bytes, start, at)
    var cursor = LineCursor(bytes, from: open, to: at)
    guard cursor.skip(0x5b), let cpu = cursor.decimal(), cpu < Self.cpuLimit, cursor.skip(0x5d)
    else { return }
    self.cpu = Int(truncatingIfNeeded: cpu)
    hasCPU = true
    at = Self.spacesStart(bytes, start, open)
  }

  /// `%5d %3d`: thread and CPU without brackets, as `-L` prints them. A number in five or more columns stands before it.
  @inline(__always)
  private mutating func readBareCPU(_ bytes: RawSpan, _ start: Int, _ at: inout Int) {
    let word = Self.wordStart(bytes, start, at)
    let before = Self.spacesStart(bytes, start, word)
    guard at &- before == 4, at > word, before > start, Ascii.isDigit(bytes.u8(before &- 1)),
      at &- word <= 3
    else { return }
    let thread = Self.wordStart(bytes, start, before)
    let owner = Self.spacesStart(bytes, start, thread)
    var cursor = LineCursor(bytes, from: word, to: at)
    guard before &- owner >= (owner == start ? 5 : 6), let cpu = cursor.decimal(), cursor.isAtEnd
    else { return }
    self.cpu = Int(truncatingIfNeeded: cpu)
    hasCPU = true
    at = before
  }

  /// The thread id is the last number, behind the process id and a slash when both are printed.
  @inline(__always)
  private mutating func readThread(_ bytes: RawSpan, _ start: Int, _ at: inout Int) {
    let word = Self.wordStart(bytes, start, at)
    var cursor = LineCursor(bytes, from: word, to: at)
    guard let first = cursor.signed() else { return }
    var thread = first
    if cursor.skip(0x2f) {
      guard let second = cursor.signed() else { return }
      thread = second
    }
    guard cursor.isAtEnd else { return }
    pid = thread
    at = Self.spacesStart(bytes, start, word)
  }

  @inline(__always)
  fileprivate static func spacesStart(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = end
    while at > start, Ascii.isSpace(bytes.u8(at &- 1)) { at &-= 1 }
    return at
  }

  @inline(__always)
  fileprivate static func wordStart(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = end
    while at > start, !Ascii.isSpace(bytes.u8(at &- 1)) { at &-= 1 }
    return at
  }
}
