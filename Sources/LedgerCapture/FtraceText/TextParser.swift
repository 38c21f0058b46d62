import LedgerCore
import LedgerInput

/// Turns lines of text into events: the state of one reading of one text.
struct TextParser {
  var info: CaptureInfo
  var losses = LossLedger()
  var names: EventNames
  var comms = CommCache()
  /// Marks that are to be given out before the next event.
  var pending: [Event] = []
  /// Lines begun so far.
  var lines: UInt64 = 0
  var cpus = CpuTracks()
  var console = ConsoleState()
  var columns = PerfColumns()
  private var body = EventBody()
  private let detail: ReadDetail
  private let dialect: TextDialect
  /// The line before was an event whose text may hold newlines.
  var mayContinue = false
  private var functionRow: Int?

  /// Starts behind `skipping` lines that hold nothing.
  init(info: CaptureInfo, dialect: TextDialect, detail: ReadDetail, skipping: UInt64 = 0) {
    self.info = info
    self.dialect = dialect
    self.detail = detail
    self.lines = skipping
    self.info.kind = dialect.kind
    self.names = EventNames(hasSystems: dialect == .perf)
  }

  /// A line may bring two marks beside its event.
  static let fullBatch = EventBatch.capacity - 3

  /// Parses from `start` until the batch is full, and returns where it stopped.
  mutating func parse(_ bytes: RawSpan, from start: Int, to end: Int, into batch: inout EventBatch)
    -> Int
  {
    switch dialect {
    case .ftrace, .traceCmd: parseFtrace(bytes, from: start, to: end, into: &batch)
    case .console: parseConsole(bytes, from: start, to: end, into: &batch)
    case .perf: parsePerf(bytes, from: start, to: end, into: &batch)
    }
  }

  private mutating func parseFtrace(
    _ bytes: RawSpan, from start: Int, to end: Int, into batch: inout EventBatch
  )
    -> Int
  {
    var at = start
    while at < end, batch.events.count <= Self.fullBatch, pending.isEmpty {
      let newline = bytes.firstOffset(of: 0x0a, from: at, to: end) ?? end
      lines &+= 1
      line(bytes, at, newline, isCut: newline == end, &batch)
      at = newline &+ 1
    }
    return min(at, end)
  }

  @inline(__always)
  private mutating func line(
    _ bytes: RawSpan, _ first: Int, _ last: Int, isCut: Bool, _ batch: inout EventBatch
  ) {
    var start = first
    var end = last
    while start < end, bytes.u8(end &- 1) == 0x0d { end &-= 1 }
    guard start < end else { return }
    guard end &- start <= TextBlocks.lineLimit else { return malformed(.malformedLine) }
    switch bytes.u8(start) {
    case 0x20, 0x09: break
    case 0x3e: start = unquoted(bytes, start, end)
    default: break
    }
    if bytes.u8(start) == 0x23 {
      return take(TextMark.comment(LineCursor(bytes, from: start, to: end)))
    }
    if bytes.u8(start) == 0x43 {
      let mark = TextMark.lost(LineCursor(bytes, from: start, to: end))
      take(mark)
      if case .silent = mark { return }
      if case .lost(_, _, let behind) = mark { start = behind }
      guard start < end else { return }
    }
    guard let context = LineContext.parse(bytes, from: start, to: end) else {
      return other(bytes, start, end, isCut)
    }
    event(bytes, context, end, isCut, &batch)
  }

  /// Mails quote lines with `> `.
  private func unquoted(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at < end, bytes.u8(at) == 0x3e {
      at &+= 1
      if at < end, bytes.u8(at) == 0x20 { at &+= 1 }
    }
    return at
  }

  @inline(__always)
  mutating func event(
    _ bytes: RawSpan, _ context: LineContext, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    var line = LineCursor(bytes, from: context.body, to: end)
    line.skipSpaces()
    skipDifference(&line)
    guard let row = row(&line) else {
      mayContinue = true
      return
    }
    event(bytes, context, row, &line, end, isCut, &batch)
  }

  /// An event whose name is known; `line` stands behind the name.
  @inline(__always)
  mutating func event(
    _ bytes: RawSpan, _ context: LineContext, _ row: Int, _ line: inout LineCursor, _ end: Int,
    _ isCut: Bool, _ batch: inout EventBatch
  ) {
    comms.note(context.pid, bytes, from: context.commStart, to: context.commEnd)
    let known = names.count(row)
    var event = Event()
    event.time = context.time
    event.pid = context.pid
    event.cpu = UInt16(truncatingIfNeeded: context.cpu)
    event.format = UInt16(truncatingIfNeeded: row)
    event.context = context.context
    event.ordinal = UInt32(truncatingIfNeeded: info.eventsRead)
    noteTime(context)
    if cpus.enter(cpu: context.cpu, time: context.time, line: lines) { mark(context, &batch) }
    mayContinue = known.mayContinue
    if row == functionRow || names.isFirst(row) {
      if DamagedLine.isPageReference(bytes, from: context.body, to: end) {
        _ = damaged(isCut, event)
      }
    }
    let isUsed = meaning(known, row, &line, isCut, &event)
    switch detail {
    case .replay: if isUsed { batch.events.append(event) }
    case .fields: append(event, row, bytes, context, end, &batch)
    }
  }

  /// Fills the slots of an event that the replay uses; false for others and for damaged ones.
  @inline(__always)
  private mutating func meaning(
    _ known: EventNames.Meaning, _ row: Int, _ line: inout LineCursor, _ isCut: Bool,
    _ event: inout Event
  ) -> Bool {
    let spaces = line.at
    line.skipSpaces()
    guard !line.isAtEnd else { return known.isTracepoint ? damaged(isCut, event) : false }
    if known.isTracepoint, line.byte != 0x28 {
      event.kind = known.kind
      let isPadded = line.at &- spaces > 1 || dialect.isLibrary
      if body.read(&line, kind: known.kind, isTraceCmd: isPadded, into: &event) { return true }
      event.kind = .other
      return damaged(isCut, event)
    }
    guard line.byte == 0x28 || known.probe != .other else { return false }
    let kind = ProbeBody.kind(&line, named: known.probe)
    guard kind != .other else { return false }
    names.recognise(row, as: kind)
    guard ProbeBody.read(&line, kind: kind, into: &event) else { return damaged(isCut, event) }
    event.kind = kind
    return true
  }

  private mutating func damaged(_ isCut: Bool, _ event: Event) -> Bool {
    malformed(isCut ? .truncated : .malformedEvent)
    cpus.lose(1, cpu: Int(event.cpu))
    return false
  }

  mutating func malformed(_ code: LossCode) {
    losses.add(code, detail: "line \(lines)")
  }

  /// The row of the event's name, nil for the header of a stack; moves behind the name's colon.
  @inline(__always)
  private mutating func row(_ line: inout LineCursor) -> Int? {
    let start = line.at
    let limit = min(line.end, start &+ EventNames.longestName &+ 1)
    if let colon = line.bytes.firstOffset(of: 0x3a, from: start, to: limit),
      colon &+ 1 == line.end || Ascii.isSpace(line.bytes.u8(colon &+ 1)),
      let row = names.row(line.bytes, at: start, count: colon &- start)
    {
      line.at = colon &+ 1
      return row
    }
    return unnamed(line)
  }

  /// Bodies without `name:`: `func <-parent`, `sys_write(fd: 2)`, `sys_write -> 0x12`, `<stack trace>`.
  private mutating func unnamed(_ line: borrowing LineCursor) -> Int? {
    if line.isAtEnd || line.byte == 0x3c { return nil }
    var end = line.at
    while end < line.end, Ascii.isName(line.bytes.u8(end)) { end &+= 1 }
    let isCall = end < line.end && line.bytes.u8(end) == 0x28
    let isReturn = StaticText.returns.isFound(in: line.bytes, at: end, end: line.end)
    if isCall || isReturn, let row = names.row(line.bytes, at: line.at, count: end &- line.at) {
      return row
    }
    if functionRow == nil { functionRow = names.row(implied: "function") }
    return functionRow
  }

  /// `trace-cmd report --ts-diff` puts `(+12)` between time and name.
  @inline(__always)
  private func skipDifference(_ line: inout LineCursor) {
    guard line.byte == 0x28, !line.isAtEnd, line.bytes.u8(line.at &+ 1) == 0x2b else { return }
    line.skipWord()
    line.skipSpaces()
  }

  @inline(__always)
  private mutating func noteTime(_ context: LineContext) {
    if info.eventsRead == 0 {
      info.start = context.time
      info.timeIsNanoseconds = !context.isRawTime
    }
    info.eventsRead &+= 1
    if context.time < info.start { info.start = context.time }
    if context.time > info.end { info.end = context.time }
  }

  private mutating func mark(_ context: LineContext, _ batch: inout EventBatch) {
    let marks = cpus.marks(cpu: context.cpu, time: context.time, line: lines)
    for mark in marks.prefix(2) { give(mark, &batch) }
    pending += marks.dropFirst(2)
  }

  /// Appends a mark and, where details are wanted, its name.
  func give(_ mark: Event, _ batch: inout EventBatch) {
    var mark = mark
    mark.ordinal = UInt32(truncatingIfNeeded: info.eventsRead)
    batch.events.append(mark)
    if detail == .fields { batch.details.append(EventDetail(name: mark.kind.name)) }
  }

  private mutating func other(_ bytes: RawSpan, _ start: Int, _ end: Int, _ isCut: Bool) {
    let mark = TextMark.other(LineCursor(bytes, from: start, to: end))
    guard case .unknown = mark else { return take(mark) }
    if DamagedLine.namesPageEvent(bytes, from: start, to: end) {
      malformed(isCut ? .truncated : .malformedEvent)
      return cpus.loseAnywhere()
    }
    if !mayContinue { malformed(isCut ? .truncated : .malformedLine) }
  }

  mutating func take(_ mark: TextMark) {
    switch mark {
    case .tracer: cpus.startBuffer()
    case .entries(let kept, let written, let count):
      info.cpus = max(info.cpus, count)
      guard written > kept else { return }
      losses.add(.overrun, count: written &- kept, detail: "line \(lines)")
      pending += cpus.openAll(count)
    case .kernel(let release): info.kernel = release
    case .cpus(let count): info.cpus = max(info.cpus, count)
    case .lost(let cpu, let count, _):
      losses.add(
        count == nil ? .lostUnknown : .lostEvents, count: count ?? 1, cpu: cpu,
        detail: "line \(lines)")
      cpus.lose(count ?? 0, cpu: cpu)
    case .silent, .unknown: break
    }
  }

  private func append(
    _ event: Event, _ row: Int, _ bytes: RawSpan, _ context: LineContext, _ end: Int,
    _ batch: inout EventBatch
  ) {
    batch.events.append(event)
    var detail = LineFields.detail(
      bytes, name: names.name(row), kind: event.kind, context: context, end: end)
    let (system, name) = names.split(row)
    if !system.isEmpty { (detail.system, detail.name) = (system, name) }
    batch.details.append(detail)
  }

  /// Completes what is only known at the end of the text.
  mutating func finish() {
    if dialect == .console { endDump() }
    cpus.reportBackwards(to: &losses)
    info.cpus = max(info.cpus, cpus.count)
  }
}

extension StaticText {
  /// Between a system call and its result.
  static let returns = StaticText(" -> ")
}
