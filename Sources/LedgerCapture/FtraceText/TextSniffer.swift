import LedgerInput

/// What kinds of text there are.
enum TextKind {
  static let ftrace = "ftrace text"
  static let traceCmd = "trace-cmd report text"
}

/// Decides whether a text is a capture, and of which kind, by its first lines.
struct TextSniffer {
  /// How many lines and bytes are looked at before the text is refused.
  private static let lineLimit = 256
  private static let byteLimit = 1 << 20

  private(set) var isCapture = false
  private(set) var kind = TextKind.ftrace
  private var isKindKnown = false
  private var lines = 0
  private var seen = 0

  /// Nothing that follows can change the decision.
  var isDecided: Bool {
    isCapture && isKindKnown || lines >= Self.lineLimit || seen >= Self.byteLimit
  }

  /// Looks at the lines of a block.
  mutating func look(_ bytes: RawSpan, to end: Int) {
    var at = 0
    while at < end, !isDecided {
      let newline = bytes.firstOffset(of: 0x0a, from: at, to: end) ?? end
      look(LineCursor(bytes, from: at, to: newline))
      lines &+= 1
      at = newline &+ 1
    }
    seen &+= end
  }

  private mutating func look(_ line: LineCursor) {
    switch TextMark.comment(line) {
    case .tracer, .entries, .kernel: return decide(TextKind.ftrace)
    default: break
    }
    if case .cpus = TextMark.other(line) { return decide(TextKind.traceCmd) }
    guard let context = LineContext.parse(line.bytes, from: line.at, to: line.end) else { return }
    isCapture = true
    var body = LineCursor(line.bytes, from: context.body, to: line.end)
    body.skipSpaces()
    let limit = min(line.end, body.at &+ 20)
    guard let colon = line.bytes.firstOffset(of: 0x3a, from: body.at, to: limit) else { return }
    let next = LineCursor(line.bytes, from: colon &+ 1, to: line.end)
    guard !next.isAtEnd, Ascii.isSpace(next.byte) else { return }
    decide(Ascii.isSpace(line.bytes.u8(colon &+ 2)) ? TextKind.traceCmd : TextKind.ftrace)
  }

  private mutating func decide(_ kind: String) {
    isCapture = true
    isKindKnown = true
    self.kind = kind
  }
}
