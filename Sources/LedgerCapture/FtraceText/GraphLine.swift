import LedgerCore
import LedgerInput

/// A line of the function_graph tracer, whatever columns its options leave.
///
/// kernel/trace/trace_functions_graph.c:print_graph_prologue, :print_graph_duration and :print_graph_comment, 6.12:
/// `[time |] [time us |] [cpu)] [comm-pid |] [flags |] [duration |] body`, where other events are comments.
struct GraphLine {
  /// What stands behind the columns.
  enum Body { case entry, exit, comment, taskSwitch, silent }

  var context = LineContext()
  var body = Body.silent
  var hasCPU = false

  /// Reads a line; nil for a line of anything else.
  static func parse(_ bytes: RawSpan, from start: Int, to end: Int) -> GraphLine? {
    var cursor = LineCursor(bytes, from: start, to: end)
    var line = GraphLine()
    line.context.isUntimed = true
    cursor.skipSpaces()
    line.readTimes(&cursor)
    line.readCPU(&cursor)
    if line.isRule(cursor) { return line }
    let columns = line.readColumns(&cursor)
    guard line.hasCPU || columns > 0 else { return nil }
    return line.readBody(&cursor) ? line : nil
  }

  /// A body without any column, as it is printed without context-info.
  static func bare(_ bytes: RawSpan, from start: Int, to end: Int) -> GraphLine? {
    var cursor = LineCursor(bytes, from: start, to: end)
    var line = GraphLine()
    line.context.isUntimed = true
    return line.readBody(&cursor) ? line : nil
  }

  /// The absolute time, and the one since the trace began, which says no more.
  private mutating func readTimes(_ cursor: inout LineCursor) {
    let start = cursor.at
    if let time = Self.seconds(&cursor), Self.bar(&cursor) {
      context.time = time
      context.isUntimed = false
    } else {
      cursor.at = start
    }
    let relative = cursor.at
    cursor.skipSpaces()
    guard cursor.decimal() != nil, cursor.skip(0x20), cursor.starts(with: Word.us) else {
      cursor.at = relative
      return
    }
    cursor.at &+= Word.us.count
    if !Self.bar(&cursor) { cursor.at = relative }
  }

  private static func seconds(_ cursor: inout LineCursor) -> UInt64? {
    guard let whole = cursor.decimal(), cursor.byte == 0x2e else { return nil }
    let dot = cursor.at
    guard let time = LineContext.nanoseconds(whole, &cursor), cursor.at &- dot == 7 else {
      return nil
    }
    return time
  }

  private static func bar(_ cursor: inout LineCursor) -> Bool {
    cursor.skipSpaces()
    return cursor.skip(0x7c)
  }

  private mutating func readCPU(_ cursor: inout LineCursor) {
    let start = cursor.at
    cursor.skipSpaces()
    guard let cpu = cursor.decimal(), cpu < LineContext.cpuLimit, cursor.skip(0x29),
      cursor.isAtBreak
    else {
      cursor.at = start
      return
    }
    context.cpu = Int(truncatingIfNeeded: cpu)
    hasCPU = true
  }

  /// `sh-1  =>  top-2`, which tells the task of the CPU from here on, or the dashes around it.
  private mutating func isRule(_ cursor: borrowing LineCursor) -> Bool {
    var line = LineCursor(cursor.bytes, from: cursor.at, to: cursor.end)
    line.skipSpaces()
    if !hasCPU { return line.starts(with: Word.dashes) }
    guard let arrow = Word.arrow.firstOffset(in: line.bytes, from: line.at, to: line.end),
      line.bytes.firstOffset(of: 0x7c, from: line.at, to: line.end) == nil
    else { return false }
    let from = context.readTask(line.bytes, from: line.at, to: arrow)
    guard from, context.readTask(line.bytes, from: arrow &+ Word.arrow.count, to: line.end) else {
      return false
    }
    body = .taskSwitch
    return true
  }

  /// Reads task, flags and duration, each closed by a bar; returns how many there were.
  private mutating func readColumns(_ cursor: inout LineCursor) -> Int {
    var columns = 0
    while columns < 3 {
      guard
        let bar = cursor.bytes.firstOffset(
          of: 0x7c, from: cursor.at, to: min(cursor.end, cursor.at &+ 40))
      else { break }
      var column = LineCursor(cursor.bytes, from: cursor.at, to: bar)
      column.skipSpaces()
      guard isColumn(&column) else { break }
      cursor.at = bar &+ 1
      columns &+= 1
    }
    return columns
  }

  private mutating func isColumn(_ column: inout LineCursor) -> Bool {
    if column.isAtEnd || column.starts(with: Word.enters) || column.starts(with: Word.leaves) {
      return true
    }
    if Self.isDuration(column) { return true }
    if LineContext.isFlags(column) {
      context.readFlags(&column)
      return true
    }
    return context.readTask(column.bytes, from: column.at, to: column.end)
  }

  /// `0.198 us`, `+ 11.459 us`, `$ 1000123 us`.
  private static func isDuration(_ column: borrowing LineCursor) -> Bool {
    var line = LineCursor(column.bytes, from: column.at, to: column.end)
    if !Ascii.isDigit(line.byte) { line.at &+= 1 }
    line.skipSpaces()
    guard line.decimal() != nil else { return false }
    if line.skip(0x2e), line.decimal() == nil { return false }
    line.skipSpaces()
    return line.starts(with: Word.us)
  }

  private mutating func readBody(_ cursor: inout LineCursor) -> Bool {
    cursor.skipSpaces()
    context.body = cursor.at
    guard !cursor.isAtEnd else {
      body = .silent
      return true
    }
    if cursor.byte == 0x7d {
      body = .exit
      return true
    }
    if cursor.starts(with: Word.comment) {
      context.body = cursor.at &+ Word.comment.count
      body = .comment
      return true
    }
    body = .entry
    return Self.isCall(&cursor)
  }

  /// `func();`, `func [module]() {`, with arguments and comments since 6.13.
  private static func isCall(_ cursor: inout LineCursor) -> Bool {
    let start = cursor.at
    while !cursor.isAtEnd, Ascii.isName(cursor.byte) { cursor.at &+= 1 }
    guard cursor.at > start else { return false }
    if cursor.skip(0x20), cursor.skip(0x5b) {
      while !cursor.isAtEnd, Ascii.isName(cursor.byte) { cursor.at &+= 1 }
      guard cursor.skip(0x5d) else { return false }
    }
    guard cursor.skip(0x28) else { return false }
    let close = cursor.bytes.lastOffset(of: 0x3b, from: cursor.at, to: cursor.end)
    return close != nil
      || cursor.bytes.lastOffset(of: 0x7b, from: cursor.at, to: cursor.end) != nil
  }

  /// Where the text of a comment ends.
  static func commentEnd(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
    var stop = end
    while stop > start, Ascii.isSpace(bytes.u8(stop &- 1)) { stop &-= 1 }
    guard stop &- start >= 2, bytes.u8(stop &- 1) == 0x2f, bytes.u8(stop &- 2) == 0x2a else {
      return end
    }
    stop &-= 2
    while stop > start, Ascii.isSpace(bytes.u8(stop &- 1)) { stop &-= 1 }
    return stop
  }

  private enum Word {
    static let us = StaticText("us")
    static let arrow = StaticText(" => ")
    static let dashes = StaticText("----------")
    static let enters = StaticText("==========>")
    static let leaves = StaticText("<==========")
    static let comment = StaticText("/* ")
  }
}
