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

  /// Reads lines of which beginning, name and shape were seen before, and returns where the first other one starts.
  @inline(__always)
  mutating func shapedLines(
    _ text: borrowing WideText, _ bytes: RawSpan, _ start: Int, _ end: Int,
    _ batch: inout EventBatch
  ) -> Int {
    let room = Self.fullBatch &+ 1 &- batch.events.count
    guard room > 0, isPlain else { return start }
    var at = start
    batch.events.append(addingCapacity: room) { events in
      while at < end, !events.isFull, let next = shapedLine(text, bytes, at, end, &events) {
        at = next
      }
    }
    return at
  }

  /// Reads a line and returns where the next one starts. The search for its end is spared: the newline is one of the bytes
  /// of its shape.
  @inline(__always)
  private mutating func shapedLine(
    _ text: borrowing WideText, _ bytes: RawSpan, _ start: Int, _ end: Int,
    _ events: inout OutputSpan<Event>
  ) -> Int? {
    guard let match = prefixes.match(text, start, end),
      let shape = shapes.match(text, match.body)
    else { return nil }
    var event = shapes.event(shape)
    let next = match.body &+ shapes.count(shape)
    guard next <= end, shapes.read(shape, text, match.body, into: &event),
      take(&event, match, shapes.row(shape), bytes, start)
    else { return nil }
    lines &+= 1
    events.append(event)
    return next
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
    guard line.at == end else { return false }
    shapes.learn(event, row, bytes, from: match.body)
    guard take(&event, match, row, bytes, start) else { return false }
    batch.events.append(event)
    return true
  }

  /// Enters an event that was read; false when its CPU has something to say before it.
  @inline(__always)
  private mutating func take(
    _ event: inout Event, _ match: LinePrefixes.Match, _ row: Int, _ bytes: RawSpan, _ start: Int
  ) -> Bool {
    guard dialect != .traceCmd || buffers.takesTop(event.kind),
      cpus.pass(cpu: Int(match.cpu), time: match.time)
    else { return false }
    names.countKnown(row)
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
