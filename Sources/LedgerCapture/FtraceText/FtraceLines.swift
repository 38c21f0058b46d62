import LedgerCore
import LedgerInput

/// Whether a buffer was printed without context-info, where a line is nothing but the body of an event.
enum BareState {
  /// Neither a header with columns nor a line was seen.
  case open
  case yes
  case no
}

// Lines of tracefs and of trace-cmd report.
extension TextParser {
  @inline(__always)
  mutating func ftraceLine(
    _ bytes: RawSpan, _ first: Int, _ end: Int, isCut: Bool, _ batch: inout EventBatch
  ) {
    var known: LineContext?
    isOfKnownBeginning = false
    if let text = WideText(bytes), let match = prefixes.match(text, first, end) {
      if isPlain, hotLine(text, bytes, match, first, end, &batch) { return }
      known = prefixes.context(match, first)
      isOfKnownBeginning = true
    }
    guard let context = known ?? context(bytes, first, end, isCut, &batch) else { return }
    bare = .no
    event(bytes, context, end, isCut, &batch)
  }

  /// Reads a line whose beginning is new; nil when it is no event, or was dealt with.
  @inline(never)
  private mutating func context(
    _ bytes: RawSpan, _ first: Int, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) -> LineContext? {
    var start = first
    switch bytes.u8(start) {
    case 0x20, 0x09:
      if bytes.u8(start &+ 1) == 0x3d, bytes.u8(start &+ 2) == 0x3e {
        if chains.isOpen { chains.take(LineCursor(bytes, from: start &+ 3, to: end)) }
        return nil
      }
    case 0x3d:
      if chains.isOpen, bytes.u8(start &+ 1) == 0x3e {
        chains.take(LineCursor(bytes, from: start &+ 2, to: end))
        return nil
      }
    case 0x3e, 0x7c: start = Self.unquoted(bytes, start, end)
    case 0xef: start = Self.behindByteOrderMark(bytes, start, end)
    default: break
    }
    if bytes.u8(start) == 0x23 {
      take(TextMark.comment(LineCursor(bytes, from: start, to: end)))
      return nil
    }
    if bytes.u8(start) == 0x43 {
      let mark = TextMark.lost(LineCursor(bytes, from: start, to: end))
      take(mark)
      if case .silent = mark { return nil }
      if case .lost(_, _, let behind) = mark { start = behind }
      guard start < end else { return nil }
    }
    guard let context = LineContext.parse(bytes, from: start, to: end) else {
      other(bytes, start, end, isCut, &batch)
      return nil
    }
    if start == first { prefixes.learn(context, bytes, start, end) }
    return context
  }

  /// Mails quote lines with `> ` or `| `.
  static func unquoted(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at < end, bytes.u8(at) == 0x3e || bytes.u8(at) == 0x7c {
      at &+= 1
      if at < end, bytes.u8(at) == 0x20 { at &+= 1 }
    }
    return at
  }

  /// Tools on Windows put one before the first line.
  @inline(__always)
  static func behindByteOrderMark(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    guard bytes.u8(start) == 0xef, end &- start > 3, bytes.u8(start &+ 1) == 0xbb,
      bytes.u8(start &+ 2) == 0xbf
    else { return start }
    return start &+ 3
  }

  /// A line without context.
  private mutating func other(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    let mark = TextMark.other(LineCursor(bytes, from: start, to: end))
    guard case .unknown = mark else { return take(mark) }
    if quotedLog(bytes, start, end) { return }
    if let line = GraphLine.parse(bytes, from: start, to: end) {
      return graph(bytes, line, end, isCut, &batch)
    }
    if bare != .no, bareLine(bytes, start, end, isCut, &batch) { return }
    if unwrap(bytes, start, end, &batch) { return }
    if DamagedLine.namesPageEvent(bytes, from: start, to: end)
      || DamagedLine.namesEvent(bytes, from: start, to: end)
    {
      malformed(isCut ? .truncated : .malformedEvent)
      return cpus.loseAnywhere()
    }
    if !mayContinue { malformed(isCut ? .truncated : .malformedLine) }
  }

  /// A line of the function_graph tracer; events of others are its comments.
  private mutating func graph(
    _ bytes: RawSpan, _ line: GraphLine, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    bare = .no
    mayContinue = line.body == .comment
    if line.body == .taskSwitch {
      comms.note(
        line.context.pid, bytes, from: line.context.commStart, to: line.context.commEnd)
      return tasks.set(line.context.pid, cpu: line.context.cpu)
    }
    guard line.body != .silent else { return }
    var context = line.context
    if context.pid < 0 { context.pid = tasks.pid(cpu: context.cpu) }
    graphBody(bytes, line.body, context, end, isCut, &batch)
  }

  private mutating func graphBody(
    _ bytes: RawSpan, _ body: GraphLine.Body, _ known: LineContext, _ end: Int, _ isCut: Bool,
    _ batch: inout EventBatch
  ) {
    var context = known
    if context.isUntimed { context.time = timeOfUntimed }
    guard body != .comment else {
      noteContext(isMissing: context.isUntimed || context.pid < 0)
      let stop = GraphLine.commentEnd(bytes, from: context.body, to: end)
      return event(bytes, context, stop, isCut, &batch)
    }
    guard let row = graphRow(body) else { return }
    var line = LineCursor(bytes, from: context.body, to: end)
    event(bytes, context, row, &line, end, isCut, &batch)
  }

  /// The names that trace-cmd gives to the same records.
  private mutating func graphRow(_ body: GraphLine.Body) -> Int? {
    if graphRows == nil,
      let entry = names.row(implied: "funcgraph_entry"),
      let exit = names.row(implied: "funcgraph_exit")
    {
      graphRows = (entry, exit)
    }
    return body == .exit ? graphRows?.exit : graphRows?.entry
  }

  /// A body where a line should be: true when it was taken for an event printed without context-info.
  private mutating func bareLine(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) -> Bool {
    if bare == .yes || tracer == .graph, let line = GraphLine.bare(bytes, from: start, to: end) {
      bare = .yes
      graphBody(bytes, line.body, line.context, end, isCut, &batch)
      return true
    }
    let line = LineCursor(bytes, from: start, to: end)
    guard BareLine.isBody(line, isOpen: bare == .open, tracer: tracer) else { return false }
    bare = .yes
    var context = LineContext()
    context.isUntimed = true
    context.time = timeOfUntimed
    context.body = start
    context.commStart = start
    context.commEnd = start
    noteContext(isMissing: true)
    if let number = EventType.number(line), let row = typeRow(number, isRaw: true) {
      var rest = LineCursor(bytes, from: end, to: end)
      event(bytes, context, row, &rest, end, isCut, &batch)
    } else {
      event(bytes, context, end, isCut, &batch)
    }
    return true
  }

  /// Without a time the order of the lines is all there is.
  private var timeOfUntimed: UInt64 { hasTime ? info.end : info.eventsRead }

  private mutating func noteContext(isMissing: Bool) {
    if isMissing { losses.add(.contextNotPrinted, detail: "line \(lines)") }
  }

  /// The row of the event's name, nil for the header of a stack; moves behind the name's colon.
  @inline(__always)
  mutating func row(_ line: inout LineCursor) -> Int? {
    if let text = WideText(line.bytes), let row = namePrefixes.row(text, &line.at, line.end) {
      return row
    }
    let start = line.at
    let limit = min(line.end, start &+ EventNames.longestName &+ 1)
    if let colon = line.bytes.firstOffset(of: 0x3a, from: start, to: limit),
      colon &+ 1 == line.end || Ascii.isSpace(line.bytes.u8(colon &+ 1)),
      let row = names.row(line.bytes, at: start, count: colon &- start)
    {
      line.at = colon &+ 1
      namePrefixes.learn(row, line.bytes, at: start, count: colon &- start, end: line.end)
      return row
    }
    return unnamed(line)
  }

  /// Bodies without `name:`: `func <-parent`, `sys_write(fd: 2)`, `sys_write -> 0x12`, `<stack trace>`.
  private mutating func unnamed(_ line: borrowing LineCursor) -> Int? {
    if line.isAtEnd || line.byte == 0x3c { return nil }
    if let number = EventType.number(line) { return typeRow(number, isRaw: false) }
    let isFunction =
      StaticText.parent.firstOffset(in: line.bytes, from: line.at, to: line.end) != nil
    if !isFunction, let count = DamagedName.length(line.bytes, from: line.at, to: line.end) {
      return names.row(line.bytes, at: line.at, count: count)
    }
    var end = line.at
    while end < line.end, Ascii.isName(line.bytes.u8(end)) { end &+= 1 }
    let isCall = end < line.end && line.bytes.u8(end) == 0x28
    let isReturn = StaticText.returns.isFound(in: line.bytes, at: end, end: line.end)
    if isCall && !isFunction || isReturn,
      let row = names.row(line.bytes, at: line.at, count: end &- line.at)
    {
      return row
    }
    if functionRow == nil { functionRow = names.row(implied: "function") }
    return functionRow
  }

  /// The row of an event that the options raw or hex printed.
  mutating func numberRow(_ line: borrowing LineCursor) -> Int? {
    if let number = EventType.number(line) { return typeRow(number, isRaw: true) }
    switch line.byte {
    case 0x23: return names.row(implied: "print")
    case 0x3a: return names.row(implied: "bprint")
    default:
      if functionRow == nil { functionRow = names.row(implied: "function") }
      return functionRow
    }
  }

  /// The row of an event of which only the number of its type was printed.
  mutating func typeRow(_ number: UInt64, isRaw: Bool) -> Int? {
    if number >= EventType.firstTracepoint {
      losses.add(isRaw ? .bodyNotPrinted : .unknownEvent, detail: "line \(lines)")
    }
    if let row = typeRows[number] { return row }
    let row = names.row(implied: "type-\(number)")
    if typeRows.count < 4096 { typeRows[number] = row }
    return row
  }

  /// `trace-cmd report --ts-diff` puts `(+12)` between time and name.
  @inline(__always)
  func skipDifference(_ line: inout LineCursor) {
    guard line.byte == 0x28, !line.isAtEnd, line.bytes.u8(line.at &+ 1) == 0x2b else { return }
    line.skipWord()
    line.skipSpaces()
  }
}

extension StaticText {
  /// Between a system call and its result.
  static let returns = StaticText(" -> ")
  /// Between a function and its caller.
  static let parent = StaticText(" <-")
}

extension StaticText {
  /// include/trace/events/iommu.h
  static let iommu = StaticText("IOMMU:")
}
