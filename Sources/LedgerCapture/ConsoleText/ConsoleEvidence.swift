import LedgerInput

/// Tells a console log that holds a dump of the trace buffers from one that holds none.
struct ConsoleEvidence {
  /// Lines of a dump whose header was lost that tell it apart from an accident.
  private static let eventsNeeded = 3
  /// Lines after which a header or an event alone proves nothing any more.
  private static let patience = 4096

  /// A dump was found.
  private(set) var isFound = false
  /// Lines with the dressing of a console were seen.
  private(set) var isConsole = false
  private var hasHeader = false
  private var events = 0
  private var quiet = 0

  /// Something was seen that may be the start of a dump.
  var isWaiting: Bool { hasHeader || events > 0 }

  /// Looks at a line whose dressing ends at `start`.
  mutating func look(_ bytes: RawSpan, from start: Int, to end: Int, isDressed: Bool) {
    if isDressed { isConsole = true }
    switch ConsoleMark.read(LineCursor(bytes, from: start, to: end)) {
    case .header:
      hasHeader = true
      quiet = 0
    case .empty: hasHeader = false
    case .rule: isFound = isFound || hasHeader
    case .dropped, nil:
      if isDressed || hasHeader { lookForEvent(bytes, start, end) }
    }
    guard isWaiting else { return }
    quiet &+= 1
    if quiet > Self.patience { (hasHeader, events, quiet) = (false, 0, 0) }
  }

  private mutating func lookForEvent(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    guard let context = LineContext.parse(bytes, from: start, to: end), context.isRelative else {
      return
    }
    events &+= 1
    quiet = 0
    isFound = isFound || hasHeader || events >= Self.eventsNeeded
  }
}
