/// A kind of missing or damaged piece of a capture: never an error, always counted.
public enum LossCode: String, Sendable, CaseIterable {
  case lostEvents = "lost-events"
  case lostUnknown = "lost-unknown"
  case overrun = "overrun"
  case leftInKernel = "left-in-kernel"
  case missingCPU = "missing-cpu"
  case tooManyParts = "too-many-parts"
  case severalBuffers = "several-buffers"
  case truncated = "truncated"
  case corruptSubBuffer = "corrupt-sub-buffer"
  case corruptChunk = "corrupt-chunk"
  case malformedSection = "malformed-section"
  case unknownSection = "unknown-section"
  case malformedFormat = "malformed-format"
  case missingFormats = "missing-formats"
  case malformedEvent = "malformed-event"
  case malformedLine = "malformed-line"
  case bodyNotPrinted = "body-not-printed"
  case contextNotPrinted = "context-not-printed"
  case unknownEvent = "unknown-event"
  case noRawData = "no-raw-data"
  case timeBackwards = "time-backwards"
  case unorderedClock = "unordered-clock"
  case missingColumns = "missing-columns"
  case implausibleFrame = "implausible-frame"
  case tableFull = "table-full"
  case filterSuspected = "filter-suspected"
  case filtered = "filtered"
  case findingsDropped = "findings-dropped"
  case stacksDropped = "stacks-dropped"
  case interrupted = "interrupted"

  /// How much a loss weighs.
  public var severity: LossSeverity {
    switch self {
    case .lostEvents, .lostUnknown, .overrun, .leftInKernel, .missingCPU, .tooManyParts,
      .severalBuffers, .truncated, .corruptSubBuffer,
      .corruptChunk, .malformedSection, .malformedEvent, .implausibleFrame, .tableFull,
      .interrupted, .timeBackwards, .noRawData, .bodyNotPrinted:
      .dataLoss
    case .findingsDropped, .unknownSection, .malformedFormat, .missingFormats, .unknownEvent,
      .malformedLine, .unorderedClock, .missingColumns, .filterSuspected, .filtered,
      .contextNotPrinted,
      .stacksDropped:
      .notice
    }
  }

  /// The bytes themselves are damaged, so that more may be wrong than what was noticed.
  public var isDamage: Bool {
    switch self {
    case .corruptSubBuffer, .corruptChunk, .malformedSection, .malformedEvent, .implausibleFrame:
      true
    default: false
    }
  }

  /// One sentence: what it means and what to do about it.
  public var advice: String {
    switch self {
    case .lostEvents:
      "the ring buffer overflowed while it was read: record with a larger buffer (trace-cmd record -b) or fewer events"
    case .lostUnknown:
      "the ring buffer overflowed, the kernel did not store how many events: record with a larger buffer (trace-cmd record -b)"
    case .overrun:
      "the oldest events were overwritten before the buffer was read: record with a larger buffer (-b)"
    case .leftInKernel:
      "events stayed in the kernel's buffers and were never saved: let the recorded command live until trace-cmd has read them (end it with sleep 1)"
    case .missingCPU:
      "no raw sub-buffers of this CPU were copied: copy per_cpu/*/trace_pipe_raw of all CPUs, empty ones too; buffer_size_kb and buffer_total_size_kb beside them prove that none is missing"
    case .tooManyParts:
      "the recording lies in more files than are read together: record with fewer threads (perf record --threads=package)"
    case .severalBuffers:
      "lines of several buffers or files that recorded the same events: only those of one are used; give the trace.dat, whose buffers are analyzed apart"
    case .truncated:
      "the file ends before its data does: copy it again, or record until trace-cmd has finished writing"
    case .corruptSubBuffer:
      "a sub-buffer contradicts itself and was left at that point: check the storage that held the file"
    case .corruptChunk:
      "a compressed chunk could not be inflated: check the storage that held the file"
    case .malformedSection:
      "a section or option contradicts its own size and was left out: check the storage that held the file"
    case .unknownSection:
      "a part of the file is of a kind that this version does not know: it was skipped"
    case .malformedFormat:
      "the format description of an event could not be understood, its fields are not used"
    case .missingFormats:
      "the snapshot has no format descriptions: copy events/ of tracefs too, file by file with cat (tar stores its files empty); other events are counted only"
    case .malformedEvent: "a record contradicts its format, or holds a value that no kernel writes"
    case .malformedLine:
      "a line is not in a known form: lines of other programs in the file are harmless"
    case .bodyNotPrinted:
      "the trace options raw, hex or bin, or perf script -F without trace, leave out what events say: print again with echo noraw nohex nobin, one by one, > trace_options, or perf script -F +trace"
    case .contextNotPrinted:
      "the text lacks task, CPU or time of events, so only the order of its lines is known: print again with the trace options context-info, funcgraph-abstime and funcgraph-proc"
    case .unknownEvent:
      "a record names an event id without a format: record with the trace-cmd that belongs to the kernel"
    case .noRawData:
      "samples of an event that matters came without the event's own data: record with perf record -R, and keep the event formats in the file"
    case .timeBackwards: "times run backwards on one CPU: the order of its events is not reliable"
    case .unorderedClock:
      "this trace clock does not order events of different CPUs: record with -C global or -C mono"
    case .missingColumns:
      "the text leaves out what stands before the events: print all of it (perf script -F comm,pid,tid,cpu,time,event,trace)"
    case .implausibleFrame: "a page frame number is larger than any machine has"
    case .tableFull:
      "the capture names more page frames than the memory limit allows: raise --max-memory"
    case .filterSuspected:
      "all events belong to one task, as if a pid filter was set: what other tasks did to the pages is not known"
    case .filtered:
      "events were left out on purpose while it was recorded: what lies outside of the filter is not known"
    case .findingsDropped: "more findings than are kept: the ones beyond 100,000 were counted only"
    case .stacksDropped:
      "more different call chains than are kept: some findings lack the path to their code"
    case .interrupted: "the analysis was interrupted: later events were not read"
    }
  }
}

/// How much a loss weighs: only data loss makes an analysis incomplete.
public enum LossSeverity: String, Sendable {
  case notice
  case dataLoss = "data-loss"
}

/// One row of the account of losses.
public struct Loss: Sendable, Equatable {
  /// What was lost.
  public var code: LossCode
  /// How often, or how many events; 0 means "at least one, number unknown".
  public var count: UInt64
  /// The CPU concerned, nil when it concerns all or none.
  public var cpu: Int?
  /// Where it was seen first: an offset in the file, a line number, a section's name.
  public var detail: String

  /// A row of the account.
  public init(code: LossCode, count: UInt64, cpu: Int? = nil, detail: String = "") {
    self.code = code
    self.count = count
    self.cpu = cpu
    self.detail = detail
  }
}

/// The account of losses: one row for each code and CPU, however often it happens.
public struct LossLedger: Sendable {
  /// Rows in the order of their first occurrence.
  public private(set) var rows: [Loss] = []

  /// An empty account.
  public init() {}

  /// Adds to the row of a code and CPU; the detail of the first occurrence stays.
  public mutating func add(
    _ code: LossCode, count: UInt64 = 1, cpu: Int? = nil, detail: @autoclosure () -> String = ""
  ) {
    guard let row = place(code, cpu) else {
      rows.append(Loss(code: code, count: count, cpu: cpu, detail: detail()))
      return
    }
    rows[row].count =
      rows[row].count.addingReportingOverflow(count).overflow ? .max : rows[row].count &+ count
  }

  /// Rows of many CPUs, by what tells them apart; empty while there are few.
  private var places: [Place: Int] = [:]

  private struct Place: Hashable {
    var code: LossCode
    var cpu: Int?
  }

  private static let few = 32

  private mutating func place(_ code: LossCode, _ cpu: Int?) -> Int? {
    guard rows.count > Self.few else {
      return rows.firstIndex { $0.code == code && $0.cpu == cpu }
    }
    for row in places.count..<rows.count {
      places[Place(code: rows[row].code, cpu: rows[row].cpu)] = row
    }
    return places[Place(code: code, cpu: cpu)]
  }

  /// Takes over the rows of another account.
  public mutating func merge(_ other: LossLedger) {
    for row in other.rows { add(row.code, count: row.count, cpu: row.cpu, detail: row.detail) }
  }

  /// The recorder left out events on purpose.
  public var isFiltered: Bool { rows.contains { $0.code == .filtered } }

  /// True when events are missing, so that silence proves nothing.
  public var isIncomplete: Bool { rows.contains { $0.code.severity == .dataLoss } }
}
