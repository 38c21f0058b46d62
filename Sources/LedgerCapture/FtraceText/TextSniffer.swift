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
/// A trace shows in the first lines. A mail or a report may say much before it quotes one, and a console before it dumps
/// one, so any text is looked through to its end; far from its start two events must stand near each other.
struct TextSniffer {
  /// How many lines and bytes one event is enough in.
  private static let lineLimit = 256
  private static let byteLimit = 1 << 20
  /// Lines after which a far event alone proves nothing any more.
  private static let patience = 4096

  private(set) var isCapture = false
  private(set) var dialect = TextDialect.ftrace
  /// Lines looked at.
  private(set) var lines: UInt64 = 0
  /// Events stand without context, and no header says so.
  private(set) var isBare = false
  private var isKindKnown = false
  private var traceLines = 0
  private var seen = 0
  private var graphLines = 0
  private var bareLines = 0
  private var farEvents = 0
  private var quiet = 0
  private var console = ConsoleEvidence()
  private var recorded = RecordedEvidence()

  /// A recorder put its words before the lines of a trace: they are to be taken off, and what is left to be looked at anew.
  var isRecorded: Bool { !isCapture && recorded.isFound }

  /// Nothing that follows can change the decision.
  var isDecided: Bool { isKindKnown || !isNear && isCapture || isRecorded }

  /// What was looked at last may belong to the capture.
  var needsBlocks: Bool {
    isCapture || isNear || farEvents > 0 || console.isWaiting || console.isKernelLog
      || recorded.isWaiting
  }

  private var isNear: Bool { traceLines < Self.lineLimit && seen < Self.byteLimit }

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
    if !isKindKnown, !isCapture, !isNear, farEvents == 0, !recorded.isWaiting, console.isKernelLog {
      decide(.console)
    }
  }

  /// A pipe pauses: what the kernel has said so far is enough for its log.
  mutating func pause() {
    guard !isCapture, farEvents == 0, !recorded.isWaiting, !console.isWaiting else { return }
    if console.isKernelLog { decide(.console) }
  }

  /// Settles for the kernel's log when the text has ended and nothing else showed.
  mutating func finish() {
    if !isCapture, console.isKernelLog { decide(.console) }
  }

  private mutating func look(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    let dress = Dressing.strip(bytes, from: start, to: end)
    console.look(bytes, dress, to: end)
    if !dress.isKernel, let stamp = Self.farStamp(bytes, dress, to: end) {
      console.look(bytes, Dressing.strip(bytes, from: stamp, to: end), to: end)
    }
    if console.isFound { return decide(.console) }
    if dress.isDressed, !dress.isKernel { recorded.look(bytes, from: start, to: end) }
    guard !dress.isDressed, end &- start <= TextBlocks.lineLimit else { return }
    let first = TextParser.behindByteOrderMark(bytes, start, end)
    let line = LineCursor(bytes, from: TextParser.unquoted(bytes, first, end), to: end)
    if start == end || line.byte != 0x23 { traceLines &+= 1 }
    if farEvents > 0 {
      quiet &+= 1
      if quiet > Self.patience { farEvents = 0 }
    }
    lookForTrace(line)
  }

  /// Where printk's own stamp stands behind what some recorder put before it, on a line that is no event.
  private static func farStamp(_ bytes: RawSpan, _ dress: Dress, to end: Int) -> Int? {
    let limit = min(end, dress.at &+ 96)
    guard
      let stamp = Dressing.nextStamp(bytes, from: dress.at, to: limit, isKernels: true),
      LineContext.parse(bytes, from: dress.at, to: end) == nil,
      PerfContext.parse(bytes, from: dress.at, to: stamp) == nil
    else { return nil }
    return stamp
  }

  private mutating func lookForTrace(_ line: borrowing LineCursor) {
    switch TextMark.comment(line) {
    case .tracer, .entries, .kernel: return decide(.ftrace)
    default: break
    }
    if isNear, case .cpus = TextMark.other(line) { return decide(.traceCmd) }
    guard let context = LineContext.parse(line.bytes, from: line.at, to: line.end) else {
      return lookForOthers(line)
    }
    guard isNear else {
      farEvents &+= 1
      quiet = 0
      if farEvents > 1 { lookAtName(line, context) }
      return
    }
    lookAtName(line, context)
  }

  /// Two spaces behind the name of an event are those of trace-cmd.
  private mutating func lookAtName(_ line: borrowing LineCursor, _ context: LineContext) {
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

  /// Lines without the context of an event.
  private mutating func lookForOthers(_ line: borrowing LineCursor) {
    guard !line.isAtEnd else { return }
    if let graph = GraphLine.parse(line.bytes, from: line.at, to: line.end), graph.body != .silent {
      graphLines &+= 1
      if graphLines >= 3 { isCapture = true }
      return
    }
    if BareLine.isPageEvent(line) {
      bareLines &+= 1
      isBare = bareLines >= 3
      if isBare { return decide(.ftrace) }
    }
    if isNear, !isCapture { lookForPerf(line) }
  }

  /// A line with a thread or a group of events, a time and a name is from `perf script`.
  private mutating func lookForPerf(_ line: borrowing LineCursor) {
    guard line.byte != 0x09, line.byte != 0x23 else { return }
    guard let context = PerfContext.parse(line.bytes, from: line.at, to: line.end) else {
      // Without a time only the name says so: that of a known event.
      if PerfContext.untimed(line.bytes, from: line.at, to: line.end, isFirst: true) != nil {
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
