import LedgerInput

// The forms of the options raw and hex, which print the body of an event as a number at most.
extension LineContext {
  /// `pid cpu time body` in decimal, or `pid cpu time body` as 8, 8 and 16 hexadecimal digits.
  ///
  /// kernel/trace/trace.c:print_raw_fmt and :print_hex_fmt, 6.12. Any table of numbers starts like this, so the body must
  /// be one that these options give.
  static func numbers(_ bytes: RawSpan, _ start: Int, _ end: Int) -> LineContext? {
    var cursor = LineCursor(bytes, from: start, to: end)
    guard Ascii.hexDigit(cursor.byte) != nil else { return nil }
    if let context = hexadecimal(&cursor), context.hasNumberBody(bytes, end) { return context }
    cursor.at = start
    guard let context = decimal(&cursor), context.hasNumberBody(bytes, end) else { return nil }
    return context
  }

  private static func decimal(_ cursor: inout LineCursor) -> LineContext? {
    guard let pid = cursor.decimal(), pid <= Int32.max, cursor.skip(0x20),
      let cpu = cursor.decimal(), cpu < cpuLimit, cursor.skip(0x20),
      let time = cursor.decimal(), cursor.skip(0x20)
    else { return nil }
    return LineContext(pid: pid, cpu: cpu, time: time, body: cursor.at)
  }

  private static func hexadecimal(_ cursor: inout LineCursor) -> LineContext? {
    guard let pid = field(&cursor, 8), pid <= Int32.max, let cpu = field(&cursor, 8),
      cpu < cpuLimit, let time = field(&cursor, 16)
    else { return nil }
    return LineContext(pid: pid, cpu: cpu, time: time, body: cursor.at)
  }

  private static func field(_ cursor: inout LineCursor, _ width: Int) -> UInt64? {
    let start = cursor.at
    guard let value = cursor.bareHex(), cursor.at &- start == width, cursor.skip(0x20) else {
      return nil
    }
    return value
  }

  private init(pid: UInt64, cpu: UInt64, time: UInt64, body: Int) {
    self.init()
    self.pid = Int32(truncatingIfNeeded: pid)
    self.cpu = Int(truncatingIfNeeded: cpu)
    self.time = time
    self.body = body
    isNumbers = true
  }

  /// `type: 817`, `Unknown type 5`, addresses of functions, `# 1 text` of markers, `: address : text` of trace_printk.
  private func hasNumberBody(_ bytes: RawSpan, _ end: Int) -> Bool {
    var cursor = LineCursor(bytes, from: body, to: end)
    if EventType.number(cursor) != nil { return true }
    if cursor.byte == 0x23 || cursor.byte == 0x3a { return true }
    let start = cursor.at
    return cursor.bareHex() != nil && cursor.at &- start >= 8 && cursor.isAtBreak
  }
}

/// The number of an event's type, where the text says nothing else of it.
enum EventType {
  /// The first number of a tracepoint; below are the kinds of ftrace itself. kernel/trace/trace.h:enum trace_type, 6.12
  static let firstTracepoint: UInt64 = 20

  private static let marks = ["type: ", "Unknown type ", "UNKNOWN TYPE "].map { StaticText($0) }

  /// `type: 817` as a tracepoint without a printer of its own gives, `UNKNOWN TYPE 4` for stacks and functions
  /// under the option fields, `Unknown type 5` when the event is gone.
  static func number(_ line: borrowing LineCursor) -> UInt64? {
    for mark in marks where line.starts(with: mark) {
      var cursor = LineCursor(line.bytes, from: line.at &+ mark.count, to: line.end)
      guard let number = cursor.decimal(), cursor.isAtBreak else { return nil }
      return number
    }
    return nil
  }
}
