public import LedgerCore
public import LedgerInput

/// Reads what tracefs prints (`trace`, `trace_pipe`, `snapshot`), what `trace-cmd report` and `perf script` make of
/// their files, and what the kernel dumps to its console, in the order of the text: all write in the order of time.
///
/// Memory is bounded whatever the text: a few blocks of up to 512 KiB, 65,536 names of events and of tasks.
public final class FtraceTextReader: CaptureReader {
  private let blocks: TextBlocks
  /// Set when the text stands in a page.
  private var html: HtmlText?
  /// Set when buffers of several CPUs stand one behind the other.
  private var merge: SectionMerge?
  private let dialect: TextDialect
  /// The words of a recorder stand before the lines.
  private var isRecorded = false
  /// Sequences for terminals were seen, which may stand in any text that was shown on one.
  private var hasCodes = false
  private var parser: TextParser
  private var block: [UInt8] = []
  private var blockEnd = 0
  private var at = 0
  /// Blocks that were read to look at their first lines.
  private var looked: [(bytes: [UInt8], end: Int)] = []
  private var isFinished = false
  /// How long the pipe that the text comes from has been waited for.
  private var pause: TextPause
  /// Complaints that were whole when the pipe paused last.
  private var toldComplaints = 0

  /// Looks at the first lines of `source`, of which `prefix` was read before.
  ///
  /// Throws `notACapture` when none of the first 256 lines (or of the first MiB) is an event or a header, and
  /// what the source throws.
  public init(source: ByteSource, prefix: [UInt8], detail: ReadDetail) throws(CaptureError) {
    if let what = Self.unreadable(prefix) { throw .notACapture(path: source.path, hint: what) }
    html = HtmlText.isPage(prefix) ? HtmlText() : nil
    merge = try BufferSections(source).map { SectionMerge(source, $0) }
    blocks = TextBlocks(source: source, prefix: prefix, watching: LongLine.words)
    var sniffer = TextSniffer()
    var skipped: UInt64 = 0
    pause = TextPause(isLive: source.isLive && merge == nil)
    while !sniffer.isDecided {
      if pause.isDue(blocks) { sniffer.pause() }
      if sniffer.isDecided { break }
      var block: [UInt8] = []
      guard let size = try Self.read(&block, blocks, &merge) else { break }
      pause.end()
      var end = html?.strip(&block, to: size) ?? TerminalCodes.strip(&block, to: size)
      if html == nil, end < size { hasCodes = true }
      if isRecorded { end = RecordedText.strip(&block, to: end) }
      block.withRawSpan { sniffer.look($0, to: end) }
      looked.append((block, end))
      if !sniffer.needsBlocks {
        looked = []
        skipped = sniffer.lines
      }
      guard sniffer.isRecorded, !isRecorded else { continue }
      isRecorded = true
      sniffer = TextSniffer()
      for index in looked.indices {
        var (block, end) = looked[index]
        end = RecordedText.strip(&block, to: end)
        block.withRawSpan { sniffer.look($0, to: end) }
        looked[index] = (block, end)
      }
    }
    sniffer.finish()
    guard sniffer.isCapture else {
      throw .notACapture(path: source.path, hint: html.map(Self.hint) ?? Self.hint)
    }
    dialect = sniffer.dialect
    parser = TextParser(
      info: CaptureInfo(path: source.path, kind: dialect.kind), dialect: dialect, detail: detail,
      skipping: skipped, isBare: sniffer.isBare)
    if html != nil { parser.info.kind += " (systrace HTML)" }
    looked.reverse()
  }

  private static let hint = """
    trace.dat, perf.data, text of tracefs (trace, trace_pipe), of trace-cmd report and of perf script (with \
    times), and console logs of the kernel are read
    """

  private static func hint(_ page: HtmlText) -> String {
    page.holdsPacked
      ? "an HTML page with a packed trace (trace2html): give the file that it was made from"
      : "an HTML page without the trace text that systrace puts into one"
  }

  /// Names text that no one can read back, from its first bytes.
  private static func unreadable(_ prefix: [UInt8]) -> String? {
    if prefix.starts(with: "TRACE:\n".utf8), prefix.dropFirst(7).first == 0x78 {
      return "what atrace -z writes: record without -z"
    }
    guard prefix.starts(with: "# tracer:".utf8), prefix.count(where: { $0 == 0 }) > 16,
      let record = prefix.split(separator: 0x0a).first(where: { $0.first != 0x23 }),
      let zero = record.firstIndex(of: 0), record[zero...].prefix(16).contains(where: { $0 != 0 })
    else { return nil }
    return "text of tracefs with the option bin: echo nobin > trace_options and print it again"
  }

  /// A reader of `source`, with a thread of its own for a text that is long and not live, where there is a CPU for it.
  static func open(
    _ source: ByteSource, prefix: [UInt8], detail: ReadDetail
  ) throws(CaptureError) -> any CaptureReader {
    let isLong = source.size.map { $0 >= TextAhead.floor } ?? !source.isLive
    guard isLong, detail == .replay, OwnProcess.processors > 1 else {
      return try FtraceTextReader(source: source, prefix: prefix, detail: detail)
    }
    return try TextAhead(source, prefix: prefix)
  }

  /// What is known so far; final when `next` has returned false.
  public var info: CaptureInfo {
    var info = parser.info
    info.events = parser.names.counts
    info.comms = parser.comms.comms
    return info
  }

  /// What was lost so far; final when `next` has returned false.
  public var losses: LossLedger { parser.losses }

  /// What the kernel said about pages; final when `next` has returned false.
  public var complaints: ComplaintLog {
    pause.isTold ? parser.complaints.settled(isDripping: pause.isDrip) : parser.complaints.log
  }

  /// Replaces the contents of `batch` by the next events; false at the end of the text.
  ///
  /// While the kernel's log comes from a pipe, a batch is empty when the pipe pauses behind a complaint.
  public func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    batch.clear()
    while batch.events.count <= TextParser.fullBatch, !isFinished {
      if !parser.pending.isEmpty {
        givePending(&batch)
        continue
      }
      if at >= blockEnd {
        // A live pipe pauses: what it has brought goes on its way now.
        if pause.isLive, !batch.events.isEmpty, looked.isEmpty, !blocks.isReady { break }
        if batch.events.isEmpty, looked.isEmpty, hasNews, pause.isDue(blocks) {
          toldComplaints = parser.complaints.log.complaints.count
          // What waits for a call chain waits no longer.
          batch.stacks = parser.chains.notesSoFar()
          return true
        }
        if try !turn() { break }
      }
      at = block.withRawSpan { parser.parse($0, from: at, to: blockEnd, into: &batch) }
    }
    if !parser.chains.notes.isEmpty { batch.stacks = parser.chains.takeNotes() }
    return !batch.events.isEmpty || !batch.stacks.isEmpty
  }

  /// The kernel said something that nobody heard of, or something waits for a call chain.
  private var hasNews: Bool {
    bringsChainsLate || parser.complaints.isWaiting
      || parser.complaints.log.complaints.count > toldComplaints
  }

  /// Chains stand behind their events: that of a batch's last event may come with the next batch, or not at all.
  public var bringsChainsLate: Bool { parser.chains.isTracking }

  /// What a log of the kernel says about its symbols.
  public var clues: KernelClues { parser.clues }

  /// The call chains that were printed behind events.
  public var stacks: StackTable { parser.chains.table }

  private func givePending(_ batch: inout EventBatch) {
    let room = TextParser.fullBatch + 1 - batch.events.count
    for mark in parser.pending.prefix(room) { parser.give(mark, &batch) }
    parser.pending.removeFirst(min(room, parser.pending.count))
  }

  private static func read(
    _ block: inout [UInt8], _ blocks: TextBlocks, _ merge: inout SectionMerge?
  ) throws(CaptureError) -> Int? {
    merge == nil ? try blocks.next(&block) : try merge?.next(&block)
  }

  /// Goes on to the next block; false at the end of the text.
  private func turn() throws(CaptureError) -> Bool {
    at = 0
    pause.end()
    if let (bytes, end) = looked.popLast() {
      block = bytes
      blockEnd = end
      return true
    }
    guard var end = try Self.read(&block, blocks, &merge) else {
      isFinished = true
      parser.finish()
      return false
    }
    if html != nil {
      end = html?.strip(&block, to: end) ?? end
    } else if dialect == .console || hasCodes {
      end = TerminalCodes.strip(&block, to: end)
    }
    if isRecorded { end = RecordedText.strip(&block, to: end) }
    blockEnd = end
    return true
  }
}
