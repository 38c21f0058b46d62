import LedgerCore
import LedgerInput

/// Where a reading of a console log stands between its dumps.
struct ConsoleState {
  /// Between a header, or an event without one, and the closing line of dashes.
  var isInDump = false
  /// A header announced this dump, so that its end can be missed.
  var hasHeader = false
  /// The opening line of dashes was seen.
  var isOpen = false
  /// `parse` stopped inside a line.
  var isInLine = false
  /// The line at hand may lack its end.
  var isTorn = false
  /// Headers of dumps that were not empty.
  var dumps = 0

  /// Between two dumps.
  var ended: ConsoleState { ConsoleState(isInLine: isInLine, isTorn: isTorn, dumps: dumps) }
}

extension TextParser {
  /// Parses lines of a console log; two lines that a serial line glued together are taken one after the other.
  mutating func parseConsole(
    _ bytes: RawSpan, from start: Int, to end: Int, into batch: inout EventBatch
  ) -> Int {
    var at = start
    var newline = -1
    while at < end, batch.events.count <= Self.fullBatch, pending.isEmpty {
      if newline < at { newline = bytes.firstOffset(of: 0x0a, from: at, to: end) ?? end }
      if !console.isInLine { lines &+= 1 }
      let isTorn = isTornByZeros(bytes, at, newline)
      guard newline &- at <= TextBlocks.lineLimit, !isTorn else {
        if !isTorn { longLine(bytes, at, newline) }
        console.isInLine = false
        at = newline &+ 1
        continue
      }
      let dress = Dressing.strip(bytes, from: at, to: newline)
      let next = Dressing.nextStamp(bytes, from: max(dress.at, at &+ 1), to: newline)
      var last = next ?? newline
      while last > dress.at, bytes.u8(last &- 1) == 0x0d { last &-= 1 }
      if let end = dress.end { last = min(last, end) }
      if dress.isQuoted { last = Self.endOfWords(bytes, dress.at, last) }
      console.isTorn = next != nil || newline == end
      if dress.at < last {
        consoleLine(bytes, dress, last, isCut: next == nil && newline == end, &batch)
      }
      console.isInLine = next != nil
      at = next ?? newline &+ 1
    }
    return min(at, end)
  }

  /// The end of the words of a list in YAML, which a quote and a bracket follow.
  static func endOfWords(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    guard end &- start >= 2, bytes.u8(end &- 1) == 0x7d else { return end }
    let quote = bytes.u8(end &- 2)
    return quote == 0x22 || quote == 0x27 ? end &- 2 : end
  }

  private mutating func consoleLine(
    _ bytes: RawSpan, _ dress: Dress, _ end: Int, isCut: Bool, _ batch: inout EventBatch
  ) {
    var start = dress.at
    if chains.isOpen, consoleFrame(bytes, start, end) { return }
    let line = LineCursor(bytes, from: start, to: end)
    if let mark = ConsoleMark.read(line) { return take(mark) }
    if line.byte == 0x23 { return take(TextMark.comment(line)) }
    if line.byte == 0x43, case .lost(let cpu, let count, let behind) = TextMark.lost(line) {
      take(.lost(cpu: cpu, count: count, end: behind))
      start = behind
      guard start < end else { return }
    }
    if let context = LineContext.parse(bytes, from: start, to: end),
      context.isRelative || console.isInDump
    {
      return consoleEvent(bytes, context, end, isCut, &batch)
    }
    if kernelLine(bytes, start, end, dress, isTorn: console.isTorn) { return }
    guard console.isInDump else { return noteKernel(line) }
    if let cpu = TornLine.cpu(bytes, from: start, to: end) { return torn(isCut, cpu) }
    guard DamagedLine.namesPageEvent(bytes, from: start, to: end) else { return }
    malformed(isCut ? .truncated : .malformedEvent)
    cpus.loseAnywhere()
  }

  /// A line of a call chain, which the console prints like any other.
  private mutating func consoleFrame(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    var line = LineCursor(bytes, from: start, to: end)
    line.skipSpaces()
    guard line.skip(0x3d), line.skip(0x3e) else { return false }
    chains.take(line)
    return true
  }

  private mutating func consoleEvent(
    _ bytes: RawSpan, _ context: LineContext, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    console.isInDump = true
    var body = LineCursor(bytes, from: context.body, to: end)
    body.skipSpaces()
    if TornLine.isCutName(bytes, from: body.at, to: end) { return torn(isCut, context.cpu) }
    event(bytes, context, end, isCut, &batch)
  }

  /// What is left of an event's line: the event is lost.
  private mutating func torn(_ isCut: Bool, _ cpu: Int) {
    malformed(isCut ? .truncated : .malformedEvent)
    cpus.lose(1, cpu: cpu)
  }

  private mutating func take(_ mark: ConsoleMark) {
    switch mark {
    case .header(let isInstance): startDump(isInstance)
    case .empty:
      if console.isInDump { console.dumps -= 1 }
      console = console.ended
    case .rule:
      if console.hasHeader, !console.isOpen {
        console.isOpen = true
      } else {
        console = console.ended
        placeMarks()
      }
    case .dropped(let count):
      info.logDropped &+= count
      guard console.isInDump else { return }
      losses.add(.lostUnknown, count: count, detail: "line \(lines): printk messages dropped")
      cpus.loseAnywhere()
    }
  }

  /// A dump stops tracing (kernel/trace/trace.c:ftrace_dump, 6.1), so what happened before the next one is not
  /// known; the buffer of an instance goes back to the times of the one before.
  private mutating func startDump(_ isInstance: Bool) {
    endDump()
    console.isInDump = true
    console.hasHeader = true
    console.dumps += 1
    guard info.eventsRead > 0 else { return }
    if !isInstance {
      losses.add(.lostUnknown, detail: "line \(lines): between two dumps of the buffer")
    }
    cpus.loseAnywhere()
    cpus.startBuffer()
  }

  /// A dump that has a header and no end was cut.
  mutating func endDump() {
    if console.isInDump, console.hasHeader {
      losses.add(.truncated, detail: "line \(lines): a dump without its end")
    }
    console = console.ended
    placeMarks()
  }

  /// Complaints that were printed before a dump are judged by what the dump shows at its end: nothing tells their clocks'
  /// difference. Later ones come after it.
  private mutating func placeMarks() {
    guard info.eventsRead > 0 else { return }
    give(complaints.takeMarks())
    complaints.relation = .afterTrace
  }

  /// A line of the kernel's log that is no event; true when a complaint begins with it.
  private mutating func kernelLine(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ dress: Dress, isTorn: Bool
  ) -> Bool {
    let isComplaint = complaints.take(
      bytes, from: start, to: end, dress, number: lines, isCut: isTorn)
    if isComplaint || !console.isInDump { info.logLines &+= 1 }
    noteOffset(LineCursor(bytes, from: start, to: end))
    if info.kernel.isEmpty { noteRelease(LineCursor(bytes, from: start, to: end)) }
    if complaints.relation == .afterTrace, !console.isInDump { give(complaints.takeMarks()) }
    return isComplaint
  }

  /// `Kernel Offset: 0x27800000 from 0xffffffff81000000`: arch/x86/kernel/setup.c:dump_kernel_offset (6.1)
  private mutating func noteOffset(_ line: borrowing LineCursor) {
    guard line.starts(with: .kernelOffset) else { return }
    var cursor = LineCursor(
      line.bytes, from: line.at &+ StaticText.kernelOffset.count, to: line.end)
    if cursor.starts(with: .disabled) {
      clues.offset = 0
    } else if let offset = cursor.hex() {
      clues.offset = offset
    }
  }

  /// `CPU: 1 PID: 216 Comm: sh Not tainted 6.1.192 #1`: lib/dump_stack.c:dump_stack_print_info
  private mutating func noteRelease(_ line: borrowing LineCursor) {
    guard line.starts(with: .processor) else { return }
    let text = line.bytes.text(from: line.at, to: min(line.end, line.at &+ 300))[...]
    guard let words = text.behind(" Comm: ")?.before(" #")?.split(separator: " "),
      let release = words.last, release.first?.isNumber == true, release.contains(".")
    else { return }
    info.kernel = String(release.prefix(128))
  }

  /// init/version.c:linux_banner, the first line of a boot.
  private mutating func noteKernel(_ line: borrowing LineCursor) {
    guard line.starts(with: .kernelBanner) else { return }
    var cursor = LineCursor(
      line.bytes, from: line.at &+ StaticText.kernelBanner.count, to: line.end)
    cursor.skipWord()
    let end = min(cursor.at, line.at &+ 128)
    info.kernel = line.bytes.text(from: line.at &+ StaticText.kernelBanner.count, to: end)
  }
}

extension StaticText {
  fileprivate static let kernelOffset = StaticText("Kernel Offset: ")
  fileprivate static let disabled = StaticText("disabled")
  fileprivate static let processor = StaticText("CPU: ")
}
