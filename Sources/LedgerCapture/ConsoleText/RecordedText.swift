import LedgerInput

/// A text of tracefs or of a tool that went through a recorder, such as that of a CI system, which put its own time before each line.
///
/// What the kernel prints itself keeps its stamp, and is a console log.
enum RecordedText {
  /// Pieces that recorders put before a line: one that records what another one did.
  private static let pieces = 2

  /// What was recorded of the line in `start ..< end`; nil when no recorder's words stand before it.
  static func words(_ bytes: RawSpan, from start: Int, to end: Int) -> Range<Int>? {
    var line = LineCursor(bytes, from: start, to: end)
    var dress = Dress()
    for _ in 0..<pieces {
      let before = line.at
      let isPiece = !line.isAtEnd && Dressing.piece(&line, &dress)
      guard isPiece, !dress.isKernel, dress.time == nil, dress.caller == nil else {
        line.at = before
        break
      }
      _ = line.skip(0x20)
    }
    guard line.at > start else { return nil }
    var last = max(line.at, min(end, dress.end ?? end))
    while last > line.at, bytes.u8(last &- 1) == 0x0d { last &-= 1 }
    if dress.isQuoted { last = TextParser.endOfWords(bytes, line.at, last) }
    return line.at..<last
  }

  /// Takes the recorder's words out of the first `end` bytes of a block, which keeps its padding; returns the new end.
  static func strip(_ block: inout [UInt8], to end: Int) -> Int {
    var read = 0
    var write = 0
    while read < end {
      let (kept, next) = block.withRawSpan { bytes in
        let newline = bytes.firstOffset(of: 0x0a, from: read, to: end) ?? end
        return (words(bytes, from: read, to: newline) ?? read..<newline, newline)
      }
      for at in kept {
        block[write] = block[at]
        write &+= 1
      }
      if next < end {
        block[write] = 0x0a
        write &+= 1
      }
      read = next &+ 1
    }
    block.removeSubrange(write..<end)
    return write
  }
}

/// Counts lines of a trace behind a recorder's words.
struct RecordedEvidence {
  private static let needed = 3
  /// Lines after which those that were seen prove nothing any more.
  private static let patience = 4096

  private var lines = 0
  private var quiet = 0

  /// Such a line was seen.
  var isWaiting: Bool { lines > 0 }
  /// So many were seen that it is no accident.
  var isFound: Bool { lines >= Self.needed }

  mutating func look(_ bytes: RawSpan, from start: Int, to end: Int) {
    quiet &+= 1
    if quiet > Self.patience { (lines, quiet) = (0, 0) }
    guard let words = RecordedText.words(bytes, from: start, to: end), !words.isEmpty else {
      return
    }
    let line = LineCursor(bytes, from: words.lowerBound, to: words.upperBound)
    if case .tracer = TextMark.comment(line) {
      lines = Self.needed
    } else if Self.isEvent(line) {
      lines &+= 1
      quiet = 0
    }
  }

  private static func isEvent(_ line: borrowing LineCursor) -> Bool {
    let context =
      LineContext.parse(line.bytes, from: line.at, to: line.end)
      ?? PerfContext.parse(line.bytes, from: line.at, to: line.end)
    guard let context, !context.isRelative, context.pid >= 0 else { return false }
    return DamagedLine.namesPageEvent(line.bytes, from: context.body, to: line.end)
  }
}
