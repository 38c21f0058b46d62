import LedgerCore
import LedgerFormat
import LedgerInput

/// Turns lines of text into events: the state of one reading of one text.
struct TextParser {
  var info: CaptureInfo
  var losses = LossLedger()
  var names: EventNames
  var comms = CommCache()
  var prefixes = LinePrefixes()
  var namePrefixes = NamePrefixes()
  var shapes = BodyShapes()
  /// The line that is read begins like an earlier one: without that its shape is of no use.
  var isOfKnownBeginning = false
  /// Marks that are to be given out before the next event.
  var pending: [Event] = []
  /// Lines begun so far.
  var lines: UInt64 = 0
  var cpus = CpuTracks()
  var console = ConsoleState()
  var columns = PerfColumns()
  var deltas = DeltaClock()
  /// Where the bytes end that are being parsed.
  var limit = 0
  var complaints = ComplaintReader()
  var body = EventBody()
  var buffers = BufferLabels()
  let detail: ReadDetail
  var chains = TextChains()
  var clues = KernelClues()
  /// The row of `kernel_stack`, as trace-cmd names the header of a call chain.
  private var chainRow: Int?
  /// The row of `user_stack`.
  private var userChainRow: Int?
  let dialect: TextDialect
  var bare = BareState.no
  var tracer = TextTracer.other
  /// An event gave a time.
  var hasTime = false
  var functionRow: Int?
  var graphRows: (entry: Int, exit: Int)?
  var typeRows: [UInt64: Int] = [:]
  var tasks = GraphTasks()
  var wrapped: WrappedLine? { didSet { waitsForRest = wrapped != nil } }
  /// `wrapped` holds a line; it is too large to be looked at for each event.
  private(set) var waitsForRest = false
  /// A broken line is being read again with its next piece.
  var isJoining = false
  /// The line before was an event whose text may hold newlines.
  var mayContinue = false
  /// The row of `printk:console`, whose body is what the kernel printed.
  private var consoleRow: Int?

  /// Starts behind `skipping` lines that hold nothing.
  init(
    info: CaptureInfo, dialect: TextDialect, detail: ReadDetail, skipping: UInt64 = 0,
    isBare: Bool = false
  ) {
    self.info = info
    self.dialect = dialect
    self.detail = detail
    self.lines = skipping
    self.info.kind = dialect.kind
    self.names = EventNames(hasSystems: dialect == .perf)
    bare = isBare ? .yes : .no
  }

  /// A line may bring two marks beside its event.
  static let fullBatch = EventBatch.capacity - 3

  /// Parses from `start` until the batch is full, and returns where it stopped.
  mutating func parse(_ bytes: RawSpan, from start: Int, to end: Int, into batch: inout EventBatch)
    -> Int
  {
    switch dialect {
    case .console: parseConsole(bytes, from: start, to: end, into: &batch)
    case .ftrace, .traceCmd, .perf: parseLines(bytes, from: start, to: end, into: &batch)
    }
  }

  /// Parses lines of a text that is a trace from end to end.
  private mutating func parseLines(
    _ bytes: RawSpan, from start: Int, to end: Int, into batch: inout EventBatch
  )
    -> Int
  {
    var at = start
    let text = WideText(bytes)
    limit = end
    while at < end, batch.events.count <= Self.fullBatch, pending.isEmpty {
      if dialect != .perf, let text {
        at = shapedLines(text, bytes, at, end, &batch)
        guard at < end, batch.events.count <= Self.fullBatch else { break }
      }
      let newline = bytes.firstOffset(of: 0x0a, from: at, to: end) ?? end
      lines &+= 1
      line(bytes, at, newline, isCut: newline == end, &batch)
      at = newline &+ 1
    }
    return min(at, end)
  }

  @inline(__always)
  private mutating func line(
    _ bytes: RawSpan, _ start: Int, _ last: Int, isCut: Bool, _ batch: inout EventBatch
  ) {
    var end = last
    while start < end, bytes.u8(end &- 1) == 0x0d { end &-= 1 }
    guard start < end else {
      if dialect == .perf {
        mayContinue = false
        chains.close()
      }
      return
    }
    guard !isTornByZeros(bytes, start, end) else { return }
    guard end &- start <= TextBlocks.lineLimit else { return longLine(bytes, start, end) }
    if dialect == .perf {
      perfLine(bytes, start, end, isCut: isCut, &batch)
    } else {
      ftraceLine(bytes, start, end, isCut: isCut, &batch)
    }
  }

  @inline(__always)
  mutating func event(
    _ bytes: RawSpan, _ context: LineContext, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    var line = LineCursor(bytes, from: context.body, to: end)
    line.skipSpaces()
    skipDifference(&line)
    guard let row = context.isNumbers ? numberRow(line) : row(&line) else {
      mayContinue = true
      if line.byte == 0x3c { openChain(line, context, batch) }
      if line.isAtEnd { wrap(bytes, context, end, &batch) }
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
    if waitsForRest { giveUpWrapped(&batch) }
    if chains.isOpen { chains.close() }
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
    event.ordinal = UInt32(truncatingIfNeeded: info.eventsRead)
    if known.mayContinue, isChain(row) {
      line.skipSpaces()
      openChain(line, context, batch)
    }
    if row == consoleRow || names.isFirst(row) { tracedLog(row, line, event) }
    let isTwo =
      end &- line.at > DamagedLine.shortest
      && DamagedLine.holdsAnother(bytes, from: line.at, to: end)
    if isTwo {
      malformed(.malformedEvent)
      cpus.loseAnywhere()
    }
    var isUsed = !isTwo && meaning(known, row, &line, isCut, &event)
    if isUsed, dialect == .traceCmd { isUsed = isOfBuffer(&event, bytes, context) }
    if waitsForRest { return keep(event, row, context, bytes, end) }
    if isUsed, known.isTracepoint, isOfKnownBeginning, isPlain {
      shapes.learn(event, row, bytes, from: context.body)
    }
    finish(event, isUsed: isUsed, row, bytes, context, end, &batch)
  }

  private mutating func isChain(_ row: Int) -> Bool {
    if row == chainRow || row == userChainRow { return true }
    guard chainRow == nil || userChainRow == nil else { return false }
    switch names.split(row).name {
    case "kernel_stack": chainRow = row
    case "user_stack": userChainRow = row
    default: return false
    }
    return true
  }

  @inline(__always)
  mutating func finish(
    _ event: Event, isUsed: Bool, _ row: Int, _ bytes: RawSpan, _ context: LineContext,
    _ end: Int, _ batch: inout EventBatch
  ) {
    if chains.isTracking { remember(event, isUsed: isUsed, row) }
    switch detail {
    case .replay:
      guard isUsed else { return }
      batch.events.append(event)
      if event.kind.isList { takeRest(of: event, &batch) }
    case .fields: append(event, row, bytes, context, end, &batch)
    }
  }

  @inline(never)
  private mutating func takeRest(of event: Event, _ batch: inout EventBatch) {
    for entry in body.rest {
      var next = event
      next.fillEntry(address: entry.word, size: entry.pointer)
      batch.events.append(next)
    }
    body.rest.removeAll(keepingCapacity: true)
  }

  /// Its call chain may follow.
  @inline(never)
  private mutating func remember(_ event: Event, isUsed: Bool, _ row: Int) {
    guard row != chainRow, row != userChainRow else { return }
    var seen = event
    if !isUsed { seen.kind = .other }
    if dialect == .perf { chains.openSample(isUsed ? seen : nil) } else { chains.saw(seen) }
  }

  /// What the kernel printed, as an event: complaints have their place among the events.
  private mutating func tracedLog(_ row: Int, _ line: borrowing LineCursor, _ event: Event) {
    if consoleRow == nil, names.split(row).name == "console" { consoleRow = row }
    guard row == consoleRow else { return }
    var dress = Dressing.strip(line.bytes, from: line.at, to: line.end)
    info.logLines &+= 1
    dress.time = event.time
    dress.isKernel = true
    dress.caller = .task(event.pid)
    let relation = complaints.relation
    complaints.relation = .inTrace
    complaints.take(
      line.bytes, from: dress.at, to: line.end, dress, number: lines, isCut: false)
    complaints.relation = relation
    give(complaints.takeMarks(), at: event.time)
  }

  /// Fills the slots of an event that the replay uses; false for others and for damaged ones.
  @inline(__always)
  mutating func meaning(
    _ known: EventNames.Meaning, _ row: Int, _ line: inout LineCursor, _ isCut: Bool,
    _ event: inout Event
  ) -> Bool {
    let spaces = line.at
    line.skipSpaces()
    guard !line.isAtEnd else { return known.isTracepoint ? empty(isCut, event) : false }
    if known.isTracepoint, line.byte != 0x28 {
      if known.kind == .iommuMap || known.kind == .iommuUnmap {
        // Short names that others may use too: include/trace/events/iommu.h starts its text like this.
        guard line.starts(with: StaticText.iommu) || dialect == .perf else { return false }
      }
      event.kind = known.kind
      let isPadded = line.at &- spaces > 1 || dialect.isLibrary
      if body.read(&line, kind: known.kind, isTraceCmd: isPadded, into: &event) { return true }
      event.kind = .other
      return unfinished(isCut, event)
    }
    guard line.byte == 0x28 || known.probe != .other else {
      if known.mayContinue { readMark(line) }
      return known.isDamaged ? damaged(isCut, event) : false
    }
    let place = line.at
    let kind = ProbeBody.kind(&line, named: known.probe)
    guard kind != .other else { return known.isDamaged ? damaged(isCut, event) : false }
    names.recognise(row, as: kind)
    guard ProbeBody.read(&line, kind: kind, into: &event) else {
      return SlotWords.isNameless(line) && !isCut ? false : damaged(isCut, event)
    }
    event.kind = kind
    if ProbeCatalog.isReturn(kind), line.bytes.u8(place) == 0x28 {
      event.pointer = chains.caller(LineCursor(line.bytes, from: place &+ 1, to: line.at))
    }
    return true
  }

  /// What a recorder wrote into the trace about itself.
  private mutating func readMark(_ line: borrowing LineCursor) {
    let text = line.bytes.text(from: line.at, to: min(line.end, line.at &+ 256))
    if let filter = RecorderMark.filter(in: text) { losses.add(.filtered, detail: filter) }
  }

  /// A page event that lacks something: the next line may be its rest.
  mutating func unfinished(_ isCut: Bool, _ event: Event) -> Bool {
    guard !isCut, !isJoining, dialect == .ftrace || dialect == .traceCmd else {
      return isJoining ? false : damaged(isCut, event)
    }
    wrapped = WrappedLine()
    return false
  }

  mutating func damaged(_ isCut: Bool, _ event: Event) -> Bool {
    malformed(isCut ? .truncated : .malformedEvent)
    cpus.lose(1, cpu: Int(event.cpu))
    return false
  }

  mutating func malformed(_ code: LossCode) {
    losses.add(code, detail: "line \(lines)")
  }

  @inline(__always)
  private mutating func noteTime(_ context: LineContext) {
    if !hasTime {
      hasTime = !context.isUntimed
      if hasTime || info.eventsRead == 0 { info.start = context.time }
      info.timeIsNanoseconds = hasTime && !context.isRawTime
    }
    countEvent(at: context.time)
  }

  @inline(__always)
  mutating func countEvent(at time: UInt64) {
    info.eventsRead &+= 1
    if time < info.start { info.start = time }
    if time > info.end { info.end = time }
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

  /// Puts the marks of complaints before the next event; they have no detail.
  mutating func give(_ marks: [Event], at time: UInt64? = nil) {
    guard detail == .replay else { return }
    for mark in marks {
      pending.append(mark)
      pending[pending.count - 1].time = time ?? info.end
    }
  }

  mutating func take(_ mark: TextMark) {
    switch mark {
    case .tracer(let tracer): startBuffer(tracer)
    case .columns: bare = .no
    case .entries(let kept, let written, let count):
      bare = .no
      info.cpus = max(info.cpus, count)
      guard written > kept else { return }
      losses.add(.overrun, count: written &- kept, detail: "line \(lines)")
      pending += cpus.openAll(count)
    case .kernel(let release):
      bare = .no
      info.kernel = release
    case .started(let cpu): cpus.startLate(cpu)
    case .cpus(let count): info.cpus = max(info.cpus, count)
    case .lost(let cpu, let count, _):
      losses.add(
        count == nil ? .lostUnknown : .lostEvents, count: count ?? 1, cpu: cpu,
        detail: "line \(lines)")
      cpus.lose(count ?? 0, cpu: cpu)
    case .silent, .unknown: break
    }
  }

  /// Mails and bug reports show the kernel's log beside a trace; true for its lines.
  mutating func quotedLog(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    let dress = Dressing.strip(bytes, from: start, to: end)
    let isComplaint = complaints.take(
      bytes, from: dress.at, to: end, dress, number: lines, isCut: false)
    guard dress.isKernel || isComplaint else { return false }
    info.logLines &+= 1
    return true
  }

  /// Another buffer begins in the same text: an instance, another CPU, or the same one read again later. What happened
  /// between the two is not known, and an event may stand in both.
  private mutating func startBuffer(_ tracer: TextTracer) {
    self.tracer = tracer
    bare = .open
    guard info.eventsRead > 0 else { return }
    losses.add(.lostUnknown, detail: "line \(lines): between two buffers")
    pending += cpus.restart(at: info.end)
  }

  func append(
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

  /// `CaptureInfo.kind` of a console log without a dump.
  static let plainLog = "console log"

  /// Completes what is only known at the end of the text.
  mutating func finish() {
    if dialect == .console { endDump() }
    loseWrapped()
    chains.close()
    if chains.table.dropped > 0 { losses.add(.stacksDropped, count: chains.table.dropped) }
    complaints.flush()
    if dialect == .console, console.dumps == 0, info.eventsRead == 0 { info.kind = Self.plainLog }
    cpus.reportBackwards(to: &losses)
    info.cpus = max(info.cpus, cpus.count)
  }
}
