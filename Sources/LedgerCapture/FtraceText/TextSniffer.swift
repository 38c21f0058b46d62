import LedgerInput

/// The kinds of text, by who wrote them.
enum TextDialect {
  case ftrace, traceCmd, console, perf

  /// As `CaptureInfo.kind` names it.
  var kind: String {
    switch self {
    case .ftrace: "ftrace text"
    case .traceCmd: "trace-cmd report text"
    case .console: "console log with ftrace dump"
    case .perf: "perf script text"
    }
  }

  /// libtraceevent made the bodies, not the kernel.
  var isLibrary: Bool { self == .traceCmd || self == .perf }
}

/// Decides whether a text is a capture, and of which kind.
///
/// A trace shows in the first lines. A console may say much before it dumps one, so a text that looks like a
/// console's is looked through to its end.
struct TextSniffer {
  /// How many lines and bytes are looked at before the text is refused.
  private static let lineLimit = 256
  private static let byteLimit = 1 << 20

  private(set) var isCapture = false
  private(set) var dialect = TextDialect.ftrace
  /// Lines looked at.
  private(set) var lines: UInt64 = 0
  private var isKindKnown = false
  private var traceLines = 0
  private var seen = 0
  private var console = ConsoleEvidence()

  /// Nothing that follows can change the decision.
  var isDecided: Bool {
    isKindKnown || traceLines >= Self.lineLimit && isCapture
      || seen >= Self.byteLimit && !console.isConsole
  }

  /// What was looked at last may belong to the capture.
  var needsBlocks: Bool {
    isCapture || traceLines < Self.lineLimit && seen < Self.byteLimit || console.isWaiting
  }

  /// Looks at the lines of a block.
  mutating func look(_ bytes: RawSpan, to end: Int) {
    var at = 0
    while at < end, !isDecided {
      let newline = bytes.firstOffset(of: 0x0a, from: at, to: end) ?? end
      look(bytes, at, newline)
      lines &+= 1
      at = newline &+ 1
    }
    seen &+= end
  }

  private mutating func look(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    let (body, isDressed) = Dressing.strip(bytes, from: start, to: end)
    console.look(bytes, from: body, to: end, isDressed: isDressed)
    if console.isFound { return decide(.console) }
    guard !isDressed, traceLines < Self.lineLimit else { return }
    let line = LineCursor(bytes, from: start, to: end)
    if start == end || bytes.u8(start) != 0x23 { traceLines &+= 1 }
    lookForTrace(line)
  }

  private mutating func lookForTrace(_ line: borrowing LineCursor) {
    switch TextMark.comment(line) {
    case .tracer, .entries, .kernel: return decide(.ftrace)
    default: break
    }
    if case .cpus = TextMark.other(line) { return decide(.traceCmd) }
    guard let context = LineContext.parse(line.bytes, from: line.at, to: line.end) else {
      if !isCapture { lookForPerf(line) }
      return
    }
    var body = LineCursor(line.bytes, from: context.body, to: line.end)
    body.skipSpaces()
    if hasGroup(body) { return decide(.perf) }
    isCapture = true
    let limit = min(line.end, body.at &+ 20)
    guard let colon = line.bytes.firstOffset(of: 0x3a, from: body.at, to: limit) else { return }
    let next = LineCursor(line.bytes, from: colon &+ 1, to: line.end)
    guard !next.isAtEnd, Ascii.isSpace(next.byte) else { return }
    decide(Ascii.isSpace(line.bytes.u8(colon &+ 2)) ? .traceCmd : .ftrace)
  }

  /// A line with a thread or a group of events, a time and a name is from `perf script`.
  private mutating func lookForPerf(_ line: borrowing LineCursor) {
    guard !line.isAtEnd, line.byte != 0x09, line.byte != 0x23 else { return }
    let start = TextParser.behindByteOrderMark(line.bytes, line.at, line.end)
    guard let context = PerfContext.parse(line.bytes, from: start, to: line.end) else {
      // Without a time only the name says so: that of a known event.
      if PerfContext.untimed(line.bytes, from: start, to: line.end, isFirst: true) != nil {
        decide(.perf)
      }
      return
    }
    let name = LineCursor(line.bytes, from: context.body, to: line.end)
    guard let end = TextParser.nameEnd(name) else { return }
    for at in name.at..<end where Ascii.isSpace(line.bytes.u8(at)) { return }
    if context.pid >= 0 || hasGroup(name) { decide(.perf) }
  }

  /// `group:name:`, as only perf prints it.
  private func hasGroup(_ name: borrowing LineCursor) -> Bool {
    guard let end = TextParser.nameEnd(name),
      let colon = name.bytes.firstOffset(of: 0x3a, from: name.at, to: end)
    else { return false }
    for at in name.at..<end where at != colon && !Ascii.isName(name.bytes.u8(at)) { return false }
    return colon > name.at
  }

  private mutating func decide(_ dialect: TextDialect) {
    isCapture = true
    isKindKnown = true
    self.dialect = dialect
  }
}
