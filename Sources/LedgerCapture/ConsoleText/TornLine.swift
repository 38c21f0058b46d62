import LedgerCore
import LedgerInput

/// Tells what is left of an event's line when the console lost its end.
enum TornLine {
  /// The CPU of `comm-pid cpuFLAGS` whose time is missing or cut; nil for a line that never was an event.
  static func cpu(_ bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    var from = start
    let limit = min(end, start &+ 24)
    while let dash = bytes.firstOffset(of: 0x2d, from: from, to: limit) {
      from = dash &+ 1
      var line = LineCursor(bytes, from: from, to: end)
      guard line.decimal() != nil, !line.isAtEnd, Ascii.isSpace(line.byte) else { continue }
      line.skipSpaces()
      guard let cpu = line.decimal(), cpu < LineContext.cpuLimit, isFlags(&line) else { continue }
      line.skipSpaces()
      guard line.isAtEnd || line.decimal() != nil else { continue }
      return Int(truncatingIfNeeded: cpu)
    }
    return nil
  }

  /// kernel/trace/trace_output.c:trace_print_lat_fmt: the first column is one of five letters.
  private static func isFlags(_ line: inout LineCursor) -> Bool {
    guard !line.isAtEnd, [0x2e, 0x64, 0x44, 0x62, 0x58].contains(line.byte) else { return false }
    let start = line.at
    line.skipWord()
    return line.at &- start <= 8
  }

  /// True for a body that ends inside the name of an event that the replay uses.
  static func isCutName(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    let count = end &- start
    guard count < longestName else { return false }
    for offset in start..<end where !Ascii.isName(bytes.u8(offset)) { return false }
    return count == 0 || names.contains { $0.utf8.count >= count && isStart(bytes, start, end, $0) }
  }

  private static func isStart(_ bytes: RawSpan, _ start: Int, _ end: Int, _ name: String) -> Bool {
    for (index, letter) in name.utf8.prefix(end &- start).enumerated()
    where bytes.u8(start &+ index) != letter { return false }
    return true
  }

  private static let names = EventKind.allCases.filter(EventNames.isTracepoint).map(\.name)
  private static let longestName = 32
}
