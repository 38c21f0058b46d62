import LedgerCore
import LedgerInput

/// A line that is longer than any that the kernel prints: newlines were lost, or another program wrote it.
enum LongLine {
  /// What is looked for where the line is not kept: every event and complaint that names a page has the first.
  static let words = ["pfn", "BUG: ", "refcount_t: "]

  fileprivate static let complaints = [
    "BUG: Bad ", "BUG: KASAN: ", "kernel BUG at ", "refcount_t: ", "page dumped because: ",
  ].map { StaticText($0) }
  fileprivate static let marks = ["tracing_mark_write:", "print:", "bprint:", "bputs:"].map {
    StaticText($0)
  }
}

extension TextParser {
  /// Accounts for a line that is not read: as a loss of data when it begins like an event or names events of pages, since it may hold
  /// any number of them; as words that the log lacks when it holds a complaint; else it was harmless.
  @inline(never)
  mutating func longLine(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    if beginsEvent(bytes, start, end) || DamagedLine.namesPageEvent(bytes, from: start, to: end) {
      losses.add(
        .malformedEvent,
        detail:
          "line \(lines): not read behind byte \(TextBlocks.lineLimit), newlines may be missing")
      return cpus.loseAnywhere()
    }
    malformed(.malformedLine)
    let holdsComplaint = LongLine.complaints.contains {
      $0.firstOffset(in: bytes, from: start, to: end) != nil
    }
    if dialect == .console, holdsComplaint { info.logDropped &+= 1 }
  }

  /// True for an event of which more than its text matters.
  private func beginsEvent(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    guard dialect != .console || console.isInDump,
      let context = dialect == .perf
        ? PerfContext.parse(bytes, from: start, to: end)
        : LineContext.parse(bytes, from: start, to: end)
    else { return false }
    var line = LineCursor(bytes, from: context.body, to: end)
    line.skipSpaces()
    return !LongLine.marks.contains { line.starts(with: $0) }
  }
}
