import LedgerInput

/// The tracer of a buffer, as far as it decides what lines mean.
enum TextTracer {
  case function, graph, other

  /// The tracer that `# tracer: NAME` names.
  static func named(_ line: borrowing LineCursor) -> TextTracer {
    var name = LineCursor(line.bytes, from: line.at, to: line.end)
    name.skipSpaces()
    if name.starts(with: graphName) { return .graph }
    return name.starts(with: functionName) ? .function : .other
  }

  private static let graphName = StaticText("function_graph")
  private static let functionName = StaticText("function")
}

/// Tells the body of an event from prose, where no context stands before it.
enum BareLine {
  /// True for a body. While nothing tells that the buffer was printed without context (`isOpen`), only one that no
  /// prose resembles counts.
  static func isBody(_ line: borrowing LineCursor, isOpen: Bool, tracer: TextTracer) -> Bool {
    if line.byte == 0x3c { return line.starts(with: stack) || line.starts(with: userStack) }
    if EventType.number(line) != nil { return true }
    var end = line.at
    var hasUnderscore = false
    while end < line.end, Ascii.isName(line.bytes.u8(end)) {
      if line.bytes.u8(end) == 0x5f { hasUnderscore = true }
      end &+= 1
    }
    guard end > line.at else { return false }
    if end == line.end { return !isOpen && tracer == .function }
    let rest = LineCursor(line.bytes, from: end, to: line.end)
    if rest.byte == 0x3a {
      let behind = LineCursor(line.bytes, from: end &+ 1, to: line.end)
      return behind.isAtBreak && (hasUnderscore || !isOpen)
    }
    if StaticText.parent.firstOffset(in: line.bytes, from: end, to: line.end) != nil {
      return true
    }
    let isCall = line.starts(with: systemCall) && rest.byte == 0x28
    return isCall || rest.starts(with: .returns)
  }

  /// True for a body of an event that only page ledgers are made of, so that it needs no header to be believed.
  static func isPageEvent(_ line: borrowing LineCursor) -> Bool {
    guard names.contains(where: { line.starts(with: $0) }) else { return false }
    return StaticText.frame.firstOffset(in: line.bytes, from: line.at, to: line.end) != nil
  }

  private static let stack = StaticText("<stack trace>")
  private static let userStack = StaticText("<user stack trace>")
  private static let systemCall = StaticText("sys_")
  private static let names = ["page_ref_", "mm_page_alloc: ", "mm_page_free: "].map {
    StaticText($0)
  }
}

extension StaticText {
  /// In every event of the allocator and of references.
  static let frame = StaticText("pfn=")
}

/// The task of each CPU, as far as function_graph text tells it: by its lines of switches.
struct GraphTasks {
  private var pids: [Int32] = []

  func pid(cpu: Int) -> Int32 { cpu < pids.count ? pids[cpu] : -1 }

  mutating func set(_ pid: Int32, cpu: Int) {
    guard cpu < LineContext.cpuLimit else { return }
    if cpu >= pids.count {
      pids.append(contentsOf: repeatElement(-1, count: cpu &+ 1 &- pids.count))
    }
    pids[cpu] = pid
  }
}
