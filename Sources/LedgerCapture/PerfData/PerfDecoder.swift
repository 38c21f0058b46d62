import LedgerCore
import LedgerFormat
import LedgerInput

/// Turns records into events and marks, in the order of the file, and enters them in a queue by time.
struct PerfDecoder {
  /// What the records of one attribute mean.
  struct Meaning: Sendable {
    var shape: SampleShape
    /// Row of `CaptureInfo.events`.
    var row: Int
    /// Format of its raw data, nil when there is none.
    var format: Int?
    /// Id of the format.
    var type: UInt16 = 0
    /// Its samples are those of a tracepoint that the replay would use, but nothing tells its fields.
    var isMute = false
    /// Another attribute records the same tracepoint: its samples say everything twice.
    var isRepeated = false
  }

  var info: CaptureInfo
  var losses: LossLedger
  var queue: TimeQueue
  private var records: RecordDecoder
  let meanings: [Meaning]
  /// By attribute.
  private var fixed: [FixedSample] = []
  /// There is one attribute.
  private let isAlone: Bool
  /// Where samples have their number, -1 if they have none.
  private let idPlace: Int
  private let words: FieldWords?
  private let console: ConsoleMessage?
  /// The call chains of samples.
  let chains = StackStore()
  /// Where programs lay in the memory of processes.
  var maps = UserMaps()
  /// What the records say about the kernel's symbols.
  var clues = KernelClues()
  /// Texts of messages that wait in the queue, by `word` of their marks.
  private var messages: [UInt64: String] = [:]
  private var nextMessage: UInt64 = 0
  private static let messageLimit = 1 << 16
  static let idLimit = 1 << 22
  private var attributeOfID: AttributeTable
  /// Samples by row of the table of events.
  private var counts: [UInt64] = []
  /// The CPU that an event's number belongs to.
  var cpuOfID: [UInt64: UInt16] = [:]
  let swapped: Bool
  private let rawSwapped: Bool
  var darkness = CpuDarkness()
  private var order: SampleOrder
  private var agreement = SampleAgreement()
  /// Every ring buffer, and so every number of an event, is of one CPU.
  private let isByCPU: Bool
  /// CPUs are below.
  private let cpuLimit: UInt64
  /// Ring buffers were written from their end, newest sample first.
  private let isBackward: Bool
  private var isStarted = false
  /// Time of the sample decoded last.
  private(set) var latest: UInt64 = 0

  init(_ metadata: PerfMetadata, info: CaptureInfo, detail: ReadDetail) {
    let layout = metadata.tracing
    records = RecordDecoder(
      layout.formats, functions: layout.probedFunctions, bigEndian: layout.bigEndian,
      release: metadata.kernel, slack: 4)
    losses = metadata.losses
    losses.merge(layout.losses)
    for index in records.incomplete {
      losses.add(.malformedFormat, detail: "\(layout.formats[index].name) lacks a field")
    }
    words =
      detail == .replay
      ? nil
      : FieldWords(
        layout.formats, comms: [:], long: layout.page.long, bigEndian: layout.bigEndian)
    console = words == nil ? ConsoleMessage(layout.formats, bigEndian: layout.bigEndian) : nil
    isByCPU = metadata.attributes.allSatisfy(\.isInherited)
    order = SampleOrder(
      isByCPU: isByCPU, isStrict: metadata.attributes.allSatisfy { $0.clockName == "perf" })
    cpuLimit = metadata.present > 0 ? UInt64(metadata.present) : 1 << 16
    attributeOfID = AttributeTable(metadata.attributeOfID)
    isBackward = metadata.attributes.contains(where: \.isBackward)
    swapped = metadata.bigEndian
    rawSwapped = layout.bigEndian
    queue = TimeQueue(
      isDetailed: detail == .fields,
      isOrdered: metadata.attributes.allSatisfy { $0.samples.contains(.time) },
      names: TaskNames(layout.comms))
    clues = metadata.clues
    self.info = info
    meanings = Self.meanings(metadata, records, &self.info)
    isAlone = meanings.count == 1
    idPlace = meanings.first?.shape.id ?? -1
    counts = Array(repeating: 0, count: self.info.events.count)
    fixed = meanings.map { fixedSample($0) ?? FixedSample() }
    noteThinned(metadata)
  }

  private func fixedSample(_ meaning: Meaning) -> FixedSample? {
    guard words == nil, !swapped, !rawSwapped, !meaning.isRepeated, let format = meaning.format,
      format != console?.format, format == meaning.row, !records.kind(ofFormat: format).isList
    else { return nil }
    return FixedSample(meaning.shape, type: meaning.type, format: format)
  }

  /// Rows of the table of events: the formats in their order, then what has none.
  private static func meanings(
    _ metadata: PerfMetadata, _ records: RecordDecoder, _ info: inout CaptureInfo
  ) -> [Meaning] {
    info.events = records.formats.map {
      EventCount(system: $0.system, name: $0.name, kind: .other)
    }
    var rowOfName: [String: Int] = [:]
    var found: Set<Int> = []
    return metadata.attributes.map { attribute in
      var meaning = Meaning(shape: SampleShape(attribute), row: 0)
      if attribute.type == PerfAttribute.tracepoint, let id = UInt16(exactly: attribute.config),
        let format = records.index(ofID: id)
      {
        meaning.row = format
        guard attribute.samples.contains(.raw) else {
          meaning.isMute = records.kind(ofFormat: format) != .other
          return meaning
        }
        meaning.format = format
        meaning.type = id
        meaning.isRepeated = !found.insert(format).inserted
        info.events[format].kind = records.kind(ofFormat: format)
        return meaning
      }
      let title = attribute.title
      let row = rowOfName[title] ?? info.events.count
      rowOfName[title] = row
      if row == info.events.count {
        info.events.append(EventCount(system: "", name: title, kind: .other))
      }
      meaning.row = row
      meaning.isMute = attribute.type == PerfAttribute.tracepoint && isUsed(title)
      return meaning
    }
  }

  /// True for `group:name` of an event that the replay uses.
  private static func isUsed(_ title: String) -> Bool {
    let parts = title.split(separator: ":", maxSplits: 1).map(String.init)
    return parts.count == 2
      && EventKind.allCases.contains { $0.group == parts[0] && $0.name == parts[1] }
  }

  /// A period above 1 leaves events out everywhere: nothing may rest on their absence.
  private mutating func noteThinned(_ metadata: PerfMetadata) {
    for (attribute, meaning) in zip(metadata.attributes, meanings) {
      guard attribute.isThinned, meaning.format != nil, info.events[meaning.row].kind != .other
      else { continue }
      losses.add(
        .lostUnknown,
        detail: "not every \(info.events[meaning.row].name) was recorded, only samples")
      enterGap(cpu: 0, missing: 0)
    }
  }

  /// Takes the record of `size` bytes at `start`, which lies within `bytes`.
  mutating func take(
    _ type: UInt32, _ misc: UInt16, _ bytes: RawSpan, at start: Int, size: Int, offset: UInt64
  ) {
    let body = start &+ 8
    let end = start &+ size
    switch type {
    case PerfRecord.sample:
      if !takeFixed(bytes, body, end) { takeSample(bytes, body, end, offset) }
    case PerfRecord.finishedRound: queue.endRound()
    case PerfRecord.lost, PerfRecord.lostSamples:
      guard type == PerfRecord.lost || misc & PerfRecord.droppedByFilter == 0 else { return }
      takeLoss(type, bytes, body, end, offset)
    default: takeOther(type, misc, bytes, body, end, offset)
    }
  }

  private mutating func takeOther(
    _ type: UInt32, _ misc: UInt16, _ bytes: RawSpan, _ body: Int, _ end: Int, _ offset: UInt64
  ) {
    guard !isSample(bytes, body, end) else {
      losses.add(.malformedEvent, detail: "a sample of record type \(type) at offset \(offset)")
      return openAll()
    }
    switch type {
    case PerfRecord.comm: takeComm(bytes, body, end, misc: misc)
    case PerfRecord.fork: takeFork(bytes, body, end)
    case PerfRecord.idIndex: takeIndex(bytes, body, end)
    case PerfRecord.mmap, PerfRecord.mmap2:
      PerfChain.note(
        bytes, body, end, isNewer: type == PerfRecord.mmap2, misc: misc, swapped, &clues)
      takeMapping(bytes, body, end, isNewer: type == PerfRecord.mmap2, misc: misc)
    case PerfRecord.buildID: PerfBuildID.note(bytes, body, end, misc: misc, &clues)
    default: break
    }
  }

  /// Moves what is ready to a chunk, the words of the console's messages too.
  mutating func give(_ chunk: EventChunk) {
    let start = chunk.count
    queue.give(chunk)
    guard !messages.isEmpty else { return }
    for place in start..<chunk.count where chunk.events[place].kind == .complaint {
      chunk.messages.append(messages.removeValue(forKey: chunk.events[place].word) ?? "")
    }
  }

  /// Records are missing from here on, whichever CPU they would be of.
  mutating func openAll() { for cpu in darkness.seen { enterGap(cpu: cpu, missing: 0) } }

  /// Files of records are not read: whichever CPUs they are of, they stay in the dark.
  mutating func miss(streams: UInt64, cpus: Int) {
    losses.add(.tooManyParts, count: streams)
    let mark = Event.gap(.gapOpens, min(cpus, Int(UInt16.max)), 0, 0)
    queue.enter(mark, EventDetail(name: mark.kind.name))
  }

  /// What is known so far.
  var state: PerfAccount.State {
    var info = info
    for row in counts.indices { info.events[row].count = counts[row] }
    info.comms = queue.names.current.names
    var losses = losses
    losses.merge(queue.losses)
    return PerfAccount.State(info: info, losses: losses, clues: clues)
  }

  /// Nothing follows: settles what is known only now.
  mutating func finish() {
    for (cpu, number) in darkness.untold {
      losses.add(
        .lostEvents, count: number, cpu: Int(cpu),
        detail: "by the kernel's count; no record says when")
      enterGap(cpu: cpu, missing: number)
    }
    if let first = order.first, !isBackward {
      losses.add(
        .timeBackwards, count: order.late, cpu: Int(first.cpu),
        detail: "a record of time \(first.time) behind one of time \(first.behind) in the file")
    }
    agreement.settle(&losses)
    for meaning in meanings where meaning.isMute && counts[meaning.row] > 0 {
      losses.add(
        .noRawData, count: counts[meaning.row],
        detail: "samples of \(info.events[meaning.row].name)")
    }
    info.cpus = max(info.cpus, darkness.count)
    let dropped = chains.table.dropped
    if dropped > 0 { losses.add(.stacksDropped, count: dropped) }
    queue.finish()
  }

  /// Opens a gap behind the last event of a CPU.
  mutating func enterGap(cpu: UInt16, missing: UInt64) {
    guard let mark = darkness.open(cpu: cpu, missing: missing) else { return }
    queue.enter(mark, EventDetail(name: mark.kind.name))
  }
}

// MARK: - Samples

extension PerfDecoder {
  // Mutating, so that the decoder is not copied for the call.
  @inline(__always)
  private mutating func meaning(_ bytes: RawSpan, _ body: Int, _ end: Int) -> Int? {
    guard !isAlone else { return 0 }
    let place = idPlace
    guard place >= 0 else { return meaningOfRaw(bytes, body, end) }
    guard body &+ place &+ 8 <= end else { return nil }
    let id = bytes.word64(body &+ place, swapped)
    return attributeOfID.place(of: id) ?? (id == 0 ? 0 : nil)
  }

  /// True for what has all parts of a sample, down to the number of its tracepoint in the raw data: no other record does.
  private mutating func isSample(_ bytes: RawSpan, _ body: Int, _ end: Int) -> Bool {
    guard let place = meaning(bytes, body, end), meanings[place].format != nil,
      let sample = meanings[place].shape.sample(bytes, from: body, to: end, swapped: swapped),
      let raw = sample.raw, raw.count >= 2
    else { return false }
    return bytes.word16(raw.lowerBound, rawSwapped) == meanings[place].type
  }

  /// Without numbers, the attribute whose tracepoint the raw data names; all have the same parts then.
  private func meaningOfRaw(_ bytes: RawSpan, _ body: Int, _ end: Int) -> Int? {
    guard
      let raw = meanings[0].shape.sample(bytes, from: body, to: end, swapped: swapped)?.raw,
      raw.count >= 2
    else { return 0 }
    let type = bytes.word16(raw.lowerBound, rawSwapped)
    return meanings.firstIndex { $0.format != nil && $0.type == type }
  }

  /// The short way for a sample whose parts lie at known places; false, with nothing done, when it needs the long one.
  @inline(__always)
  private mutating func takeFixed(_ bytes: RawSpan, _ body: Int, _ end: Int) -> Bool {
    guard isAlone || idPlace >= 0, let place = meaning(bytes, body, end) else { return false }
    let sample = fixed[place]
    let raw = body &+ sample.raw
    guard sample.raw > 0, raw &+ 4 <= end else { return false }
    let count = Int(bytes.u32(raw))
    let cpu = sample.cpu(bytes, body)
    guard count >= 8, count <= end &- raw &- 4, bytes.u16(raw &+ 4) == sample.type,
      cpu < cpuLimit
    else { return false }
    var event = Event()
    event.time = sample.time(bytes, body)
    event.cpu = UInt16(truncatingIfNeeded: cpu)
    event.format = sample.format
    let tid = sample.tid(bytes, body)
    event.pid = tid
    let outcome = records.decode(
      bytes, at: raw &+ 4, count: count, format: Int(sample.format), into: &event)
    guard outcome == .decoded || outcome == .meaningless else { return false }
    if outcome == .meaningless {
      records.decodeCommon(
        bytes, at: raw &+ 4, count: count, format: Int(sample.format), into: &event)
    }
    watch(event, tid, idPlace < 0 ? nil : bytes.word64(body &+ idPlace, swapped))
    info.eventsRead &+= 1
    counts[Int(sample.format)] &+= 1
    noteTime(event.time)
    if let mark = darkness.enter(cpu: event.cpu, time: event.time) {
      queue.enter(mark, EventDetail(name: ""))
    }
    if outcome == .decoded { queue.enter(event, EventDetail(name: "")) }
    return true
  }

  private mutating func takeSample(
    _ bytes: RawSpan, _ body: Int, _ end: Int, _ offset: UInt64
  ) {
    info.eventsRead &+= 1
    guard let index = meaning(bytes, body, end) else {
      losses.add(.unknownEvent, detail: "a sample of an unknown event at offset \(offset)")
      return
    }
    let meaning = meanings[index]
    let row = meaning.row
    counts[row] &+= 1
    guard
      let sample = meaning.shape.sample(
        bytes, from: body, to: end, swapped: swapped, wantsAddress: words != nil),
      let cpu = UInt16(exactly: sample.cpu ?? UInt32(cpuOfID[sample.id] ?? 0)), cpu < cpuLimit
    else {
      losses.add(
        .malformedEvent, detail: "a sample of \(info.events[row].name) at offset \(offset)")
      openAll()
      return
    }
    noteTime(sample.time)
    if let mark = darkness.enter(cpu: cpu, time: sample.time) {
      queue.enter(mark, EventDetail(name: mark.kind.name))
    }
    var event = Event()
    event.time = sample.time
    event.cpu = cpu
    event.format = UInt16(truncatingIfNeeded: row)
    event.pid = sample.tid
    if let format = meaning.format, let raw = sample.raw {
      decode(bytes, raw, format, meaning, sample, &event)
    } else if words != nil {
      let detail = plainDetail(sample, meaning)
      queue.enter(event, detail)
    }
  }

  /// Compares what the parts of a sample say; `event` is the tracepoint's record, `tid` and `id` are the sample's own.
  @inline(__always)
  private mutating func watch(_ event: Event, _ tid: Int32, _ id: UInt64?) {
    order.note(event)
    agreement.note(event, tid: tid)
    if let id, isByCPU, !attributeOfID.confirm(id, on: event.cpu) {
      agreement.noteMisplaced(event)
    }
  }

  private mutating func noteTime(_ time: UInt64) {
    latest = time
    info.start = isStarted ? min(info.start, time) : time
    info.end = max(info.end, time)
    isStarted = true
  }

  @inline(__always)
  private mutating func decode(
    _ bytes: RawSpan, _ raw: Range<Int>, _ format: Int, _ meaning: Meaning,
    _ sample: PerfSample, _ event: inout Event
  ) {
    guard raw.count >= 8, bytes.word16(raw.lowerBound, rawSwapped) == meaning.type else {
      return refuse(.malformedEvent, event)
    }
    let outcome = records.decode(
      bytes, at: raw.lowerBound, count: raw.count, format: format, into: &event)
    if outcome != .decoded {
      records.decodeCommon(
        bytes, at: raw.lowerBound, count: raw.count, format: format, into: &event)
    }
    if outcome == .short || outcome == .implausible {
      refuse(outcome == .short ? .malformedEvent : .implausibleFrame, event)
    } else if meaning.shape.isPlaced {
      watch(event, sample.tid, meaning.shape.id < 0 ? nil : sample.id)
    }
    if let words {
      queue.enter(event, words.detail(bytes, raw.lowerBound, raw.count, format, event.pid))
    } else if outcome == .decoded && !meaning.isRepeated {
      if let chain = sample.chain, !chain.isEmpty { enterChain(bytes, chain, sample) }
      guard event.kind.isList else { return queue.enter(event, EventDetail(name: "")) }
      let (start, count) = (raw.lowerBound, raw.count)
      guard let entries = records.list(bytes, at: start, count: count, format: format, like: event)
      else { return refuse(.malformedEvent, event) }
      for entry in entries { queue.enter(entry, EventDetail(name: "")) }
    } else if console?.format == format, !meaning.isRepeated {
      takeMessage(bytes, raw, format, event)
    }
  }

  /// A message of the kernel waits as a mark, and its words beside the queue.
  private mutating func takeMessage(
    _ bytes: RawSpan, _ raw: Range<Int>, _ format: Int, _ event: Event
  ) {
    guard messages.count < Self.messageLimit,
      let text = console?.text(bytes, at: raw.lowerBound, count: raw.count)
    else { return }
    var mark = event
    mark.kind = .complaint
    mark.word = nextMessage
    messages[nextMessage] = text
    nextMessage &+= 1
    queue.enter(mark, EventDetail(name: ""))
  }

  private mutating func refuse(_ code: LossCode, _ event: Event) {
    losses.add(
      code, cpu: Int(event.cpu),
      detail: "\(info.events[Int(event.format)].name) at time \(event.time)")
    enterGap(cpu: event.cpu, missing: 0)
  }

  private func plainDetail(_ sample: PerfSample, _ meaning: Meaning) -> EventDetail {
    let row = info.events[meaning.row]
    var detail = EventDetail(name: row.name, system: row.system)
    if meaning.shape.hasAddress { detail.fields.append(("ip", .hex(sample.address))) }
    return detail
  }
}
