import LedgerCore
import LedgerInput

/// Lines that are no events but say something about them.
enum TextMark {
  /// `# tracer: NAME`: a buffer starts.
  case tracer(TextTracer)
  /// A header that names columns before the body of events.
  case columns
  /// `##### CPU 2 buffer started ####`: what the CPU did before was overwritten.
  case started(cpu: Int)
  /// `# entries-in-buffer/entries-written: A/B #P:N`, or the like of the latency header.
  case entries(kept: UInt64, written: UInt64, cpus: Int)
  /// `# nop latency trace v1.1.5 on 6.1.192`.
  case kernel(String)
  /// `cpus=N`, which trace-cmd report prints first.
  case cpus(Int)
  /// `CPU:7 [LOST 204 EVENTS]`, `CPU:7 [EVENTS DROPPED]`; the number is nil when the text has none.
  case lost(cpu: Int, count: UInt64?, end: Int)
  /// Comments, stacks, blank lines.
  case silent
  case unknown

  /// kernel/trace/trace.c:print_lat_help_header, :print_event_info, :print_trace_header, 6.1.
  static func comment(_ line: borrowing LineCursor) -> TextMark {
    if line.starts(with: Word.tracer) {
      let name = LineCursor(line.bytes, from: line.at &+ Word.tracer.count, to: line.end)
      return .tracer(.named(name))
    }
    if line.starts(with: Word.started) { return started(line) }
    if line.starts(with: Word.entries) { return entries(line, line.at &+ Word.entries.count) }
    if line.starts(with: Word.latency), let hash = behind(Word.hash, line) {
      return entries(line, hash)
    }
    if let release = behind(Word.traceVersion, line), let on = behind(Word.on, line), on > release {
      return .kernel(line.bytes.text(from: on, to: min(line.end, on &+ 128)))
    }
    let namesColumns = Word.columns.contains { behind($0, line) != nil }
    return namesColumns ? .columns : .silent
  }

  private static func started(_ line: borrowing LineCursor) -> TextMark {
    var cursor = LineCursor(line.bytes, from: line.at &+ Word.started.count, to: line.end)
    guard let cpu = cursor.decimal(), cpu < LineContext.cpuLimit else { return .silent }
    return .started(cpu: Int(truncatingIfNeeded: cpu))
  }

  private static func behind(_ word: StaticText, _ line: borrowing LineCursor) -> Int? {
    word.firstOffset(in: line.bytes, from: line.at, to: line.end).map { $0 &+ word.count }
  }

  private static func entries(_ line: borrowing LineCursor, _ start: Int) -> TextMark {
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    cursor.skipSpaces()
    guard let kept = cursor.decimal(), cursor.skip(0x2f), let written = cursor.decimal() else {
      return .silent
    }
    var cpus = 0
    if let place = behind(Word.processors, line) {
      cursor.at = place
      cpus = Int(clamping: cursor.decimal() ?? 0)
    }
    return .entries(kept: kept, written: written, cpus: min(cpus, LineContext.cpuLimit))
  }

  /// kernel/trace/trace.c:print_trace_line, 6.1; trace-cmd tracecmd/trace-read.c:trace_show_data, 3.1.6.
  static func lost(_ line: borrowing LineCursor) -> TextMark {
    guard line.starts(with: Word.cpu) else { return .unknown }
    var cursor = LineCursor(line.bytes, from: line.at &+ Word.cpu.count, to: line.end)
    guard let cpu = cursor.decimal(), cpu < LineContext.cpuLimit, cursor.skip(0x20),
      cursor.skip(0x5b)
    else { return .unknown }
    guard let close = line.bytes.firstOffset(of: 0x5d, from: cursor.at, to: line.end) else {
      return .unknown
    }
    if cursor.starts(with: Word.subBuffer) { return .silent }
    if cursor.starts(with: Word.lost) { cursor.at &+= Word.lost.count }
    let count = cursor.decimal()
    if count != nil { cursor.skipSpaces() }
    guard cursor.starts(with: Word.events) else { return .unknown }
    return .lost(cpu: Int(truncatingIfNeeded: cpu), count: count, end: close &+ 1)
  }

  /// A line without context that does not start with `#` or `CPU:`.
  static func other(_ line: borrowing LineCursor) -> TextMark {
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    cursor.skipSpaces()
    if cursor.isAtEnd || cursor.byte == 0 && cursor.at == cursor.end { return .silent }
    if cursor.starts(with: Word.cpu) { return lost(cursor) }
    if cursor.starts(with: Word.cpus) {
      cursor.at &+= Word.cpus.count
      guard let cpus = cursor.decimal() else { return .unknown }
      return .cpus(Int(clamping: min(cpus, UInt64(LineContext.cpuLimit))))
    }
    for word in Word.silent where cursor.starts(with: word) { return .silent }
    if cursor.starts(with: Word.cpuIs), behind(Word.isEmpty, line) != nil { return .silent }
    return .unknown
  }

  enum Word {
    static let tracer = StaticText("# tracer:")
    static let started = StaticText("##### CPU ")
    static let columns = [" TASK-PID ", " FUNCTION", " cmd "].map { StaticText($0) }
    static let entries = StaticText("# entries-in-buffer/entries-written:")
    static let latency = StaticText("# latency:")
    static let hash = StaticText(", #")
    static let processors = StaticText("#P:")
    static let traceVersion = StaticText(" latency trace v")
    static let on = StaticText(" on ")
    static let cpu = StaticText("CPU:")
    static let lost = StaticText("LOST ")
    static let events = StaticText("EVENTS")
    static let subBuffer = StaticText("SUBBUFFER")
    static let cpus = StaticText("cpus=")
    static let cpuIs = StaticText("CPU ")
    static let isEmpty = StaticText(" is empty")
    static let silent = ["=>", "[LINE TOO BIG]", "version = ", "#"].map { StaticText($0) }
  }
}
