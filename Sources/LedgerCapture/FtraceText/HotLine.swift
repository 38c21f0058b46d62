import LedgerCore
import LedgerInput

/// The short way through the lines that the text of a page ledger consists of: a beginning and a name that were seen
/// before, and a body of page_ref or of the page allocator in the order of the kernel's print format.
///
/// A line is read to its end before anything changes, so that whatever is unexpected can go the long way.
extension TextParser {
  /// Nothing but the line itself matters: no call chain is open and no broken line waits for its rest.
  @inline(__always)
  var isPlain: Bool {
    hasTime && detail == .replay && !chains.isOpen && !chains.isTracking && !isJoining
      && !waitsForRest
  }

  /// True when the line was taken; `match` is its beginning.
  @inline(__always)
  mutating func hotLine(
    _ text: borrowing WideText, _ bytes: RawSpan, _ match: LinePrefixes.Match, _ start: Int,
    _ end: Int, _ batch: inout EventBatch
  ) -> Bool {
    var line = HotBody(at: match.body, end: end)
    line.skipSpaces(text)
    guard let row = namePrefixes.row(text, &line.at, end) else { return false }
    line.skipSpaces(text)
    var event = Event()
    event.kind = names.kind(row)
    guard line.read(text, into: &event) else { return false }
    if event.kind == .pageAlloc, !line.readGfp(text, bytes, &body.gfp, &event) { return false }
    guard line.at == end, take(&event, match, row, bytes, start) else { return false }
    batch.events.append(event)
    return true
  }

  /// Enters an event that was read; false when its CPU has something to say before it.
  @inline(__always)
  private mutating func take(
    _ event: inout Event, _ match: LinePrefixes.Match, _ row: Int, _ bytes: RawSpan, _ start: Int
  ) -> Bool {
    let cpu = Int(match.cpu)
    guard cpus.isQuiet(cpu: cpu), dialect != .traceCmd || buffers.takesTop(event.kind) else {
      return false
    }
    _ = cpus.enter(cpu: cpu, time: match.time, line: lines)
    _ = names.count(row)
    event.time = match.time
    event.cpu = match.cpu
    event.pid = match.pid
    event.context = match.flags
    event.format = UInt16(truncatingIfNeeded: row)
    if match.noted != comms.changes { noteTask(match, bytes, start) }
    countEvent(at: match.time)
    event.ordinal = UInt32(truncatingIfNeeded: info.eventsRead)
    bare = .no
    mayContinue = false
    return true
  }

  @inline(never)
  private mutating func noteTask(_ match: LinePrefixes.Match, _ bytes: RawSpan, _ start: Int) {
    let context = prefixes.context(match, start)
    comms.note(context.pid, bytes, from: context.commStart, to: context.commEnd)
    prefixes.note(match.row, comms.changes)
  }
}
