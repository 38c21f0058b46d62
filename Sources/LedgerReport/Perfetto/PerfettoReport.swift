import LedgerCore

/// Findings as a trace for Perfetto's UI: a track a finding, a track a block, the page's count, the events.
///
/// Numbers of fields are those of perfetto/protos/perfetto/trace/track_event (v49). Nothing is told of findings without times.
struct PerfettoReport {
  /// Findings that get tracks of their own.
  static let limit = 2000
  private var trace = ProtoWriter()
  private var isFirst = true
  /// Packets with times; they are written in the order of their times.
  private var moments: [Moment] = []
  private var lastTrack: UInt64 = 1
  /// Events of the evidence by thread, once each however many findings name them.
  private var threads: [String: UInt64] = [:]
  private var told: Set<Seen> = []

  private struct Moment {
    var time: UInt64
    /// At equal times slices begin first and end last.
    var phase: Phase
    var bytes: [UInt8]
  }

  private struct Seen: Hashable {
    var track: UInt64
    var time: UInt64
    var text: String
  }

  /// The trace of all captures of a run.
  static func render(_ analyses: [Analysis]) -> [UInt8] {
    var report = PerfettoReport()
    for analysis in analyses { report.add(analysis) }
    report.writeMoments()
    return report.trace.bytes
  }

  private mutating func writeMoments() {
    let order = moments.indices.sorted { a, b in
      (moments[a].time, moments[a].phase.order, a) < (moments[b].time, moments[b].phase.order, b)
    }
    for index in order { trace.field(1, bytes: moments[index].bytes) }
    moments = []
  }

  private mutating func add(_ analysis: Analysis) {
    threads = [:]
    told = []
    let root = track("PageLedger: \(analysis.capture.path)", under: nil)
    let findings = track("findings", under: root)
    let blocks = track("blocks", under: root)
    let events = track("events of the evidence", under: root)
    var seenBlocks: [UInt64: UInt64] = [:]
    for finding in analysis.findings.prefix(Self.limit) where finding.clock == .capture {
      add(finding, under: findings)
      if let block = finding.block { add(finding, block, under: blocks, &seenBlocks) }
      for item in finding.evidence where item.clock == .capture { add(item, under: events) }
    }
  }

  private mutating func add(_ finding: Finding, under parent: UInt64) {
    let name = "\(finding.rule) \(finding.severity.rawValue): \(finding.title)"
    let track = track(name, under: parent)
    let last = max(finding.lastTime, finding.firstTime)
    packet(finding.firstTime, .begins) { packet in
      packet.message(11) { event in
        Self.slice(&event, .begins, track, name)
        for (label, words) in FindingFacts(finding, nanoseconds: true).pairs {
          Self.note(label, words, &event)
        }
      }
    }
    packet(last, .ends) { $0.message(11) { Self.slice(&$0, .ends, track, nil) } }
    let steps = finding.evidence.filter { $0.clock == .capture }
    for item in steps {
      packet(item.time) { packet in
        packet.message(11) { Self.instant(&$0, track, item) }
      }
    }
    counts(steps, of: finding, under: track)
  }

  /// The page's count as a counter, where the evidence says it.
  private mutating func counts(_ steps: [Evidence], of finding: Finding, under parent: UInt64) {
    let known = steps.compactMap { item in
      LifeEffect(item).count.map { (time: item.time, count: $0) }
    }
    guard !known.isEmpty, let frame = finding.frame else { return }
    let counter = track("references of page \(hex(frame))", under: parent, isCounter: true)
    for step in known {
      packet(step.time) { packet in
        packet.message(11) { event in
          event.field(9, varint: 4)  // TYPE_COUNTER
          event.field(11, varint: counter)
          event.field(30, signed: step.count)
        }
      }
    }
  }

  private mutating func add(
    _ finding: Finding, _ block: BlockReference, under parent: UInt64,
    _ seen: inout [UInt64: UInt64]
  ) {
    let name = "block \(hex(block.pfn)), order \(block.order), \(block.kind.rawValue)"
    let track = seen[block.pfn] ?? track(name, under: parent)
    seen[block.pfn] = track
    let times = finding.evidence.filter { $0.clock == .capture }.map(\.time)
    let born = min(times.min() ?? finding.firstTime, finding.firstTime)
    // One instant a finding: lives of blocks overlap when an address is used again.
    packet(born) { packet in
      packet.message(11) { event in
        Self.mark(&event, track, "\(finding.rule): \(finding.title)")
        Self.note("pages", FindingFacts.pages(finding), &event)
        Self.note("seen", FindingFacts.seen(finding, true), &event)
      }
    }
  }

  private mutating func add(_ item: Evidence, under parent: UInt64) {
    let task = TaskText.name(item.comm, item.pid)
    let thread = threads[task] ?? track(task, under: parent)
    threads[task] = thread
    let text = item.event + " " + item.text
    guard told.insert(Seen(track: thread, time: item.time, text: text)).inserted else { return }
    packet(item.time) { packet in
      packet.message(11) { Self.instant(&$0, thread, item) }
    }
  }

  /// The TrackEvent.Type of a slice's ends, and of a moment.
  private enum Phase: UInt64 {
    case begins = 1
    case ends = 2
    case moment = 3

    var order: Int { self == .begins ? 0 : self == .moment ? 1 : 2 }
  }

  private static func slice(
    _ event: inout ProtoWriter, _ phase: Phase, _ track: UInt64, _ name: String?
  ) {
    event.field(9, varint: phase.rawValue)
    event.field(11, varint: track)
    if let name { event.field(23, name) }
  }

  private static func mark(_ event: inout ProtoWriter, _ track: UInt64, _ name: String) {
    event.field(9, varint: 3)  // TYPE_INSTANT
    event.field(11, varint: track)
    event.field(23, name)
  }

  private static func instant(_ event: inout ProtoWriter, _ track: UInt64, _ item: Evidence) {
    mark(&event, track, item.event)
    note("fields", item.text, &event)
    note("task", TaskText.name(item.comm, item.pid), &event)
    if item.cpu >= 0 { note("cpu", "\(item.cpu)", &event) }
    note("page", StateWords.change(item), &event)
  }

  /// A DebugAnnotation: name and string.
  private static func note(_ name: String, _ words: String, _ event: inout ProtoWriter) {
    guard !words.isEmpty else { return }
    event.message(4) { note in
      note.field(10, name)
      note.field(6, words)
    }
  }

  private mutating func track(
    _ name: String, under parent: UInt64?, isCounter: Bool = false
  ) -> UInt64 {
    lastTrack += 1
    let track = lastTrack
    packet { packet in
      packet.message(60) { descriptor in
        descriptor.field(1, varint: track)
        descriptor.field(2, name)
        if let parent { descriptor.field(5, varint: parent) }
        // Tracks stay apart and in the order of weight, also where names repeat.
        descriptor.field(11, varint: 3)  // child_ordering: EXPLICIT
        descriptor.field(12, varint: track)  // sibling_order_rank
        descriptor.field(15, varint: 2)  // sibling_merge_behavior: NONE
        if isCounter { descriptor.message(8) { $0.field(3, varint: 2) } }  // UNIT_COUNT
      }
    }
    return track
  }

  /// A TracePacket of the one sequence; the first tells the reader that nothing came before.
  private mutating func packet(_ body: (inout ProtoWriter) -> Void) {
    let starts = isFirst
    isFirst = false
    trace.message(1) { packet in
      packet.field(10, varint: 1)
      if starts { packet.field(13, varint: 1) }
      body(&packet)
    }
  }

  private mutating func packet(
    _ time: UInt64, _ phase: Phase = .moment, _ body: (inout ProtoWriter) -> Void
  ) {
    var packet = ProtoWriter()
    packet.field(8, varint: time)
    packet.field(10, varint: 1)
    body(&packet)
    moments.append(Moment(time: time, phase: phase, bytes: packet.bytes))
  }
}
