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
    /// Another attribute records the same tracepoint: its samples say everything twice.
    var isRepeated = false
  }

  var info: CaptureInfo
  var losses: LossLedger
  var queue: TimeQueue
  var comms: [Int32: String]
  private var records: RecordDecoder
  private let meanings: [Meaning]
  private let words: FieldWords?
  private let console: ConsoleMessage?
  /// The call chains of samples.
  private(set) var chains = StackTable()
  /// What the records say about the kernel's symbols.
  var clues = KernelClues()
  /// Texts of messages that wait in the queue, by `word` of their marks.
  var messages: [UInt64: String] = [:]
  private var nextMessage: UInt64 = 0
  private static let messageLimit = 1 << 16
  private let attributeOfID: [UInt64: Int]
  private var cpuOfID: [UInt64: UInt16]
  private let swapped: Bool
  private let rawSwapped: Bool
  private var darkness = CpuDarkness()
  private var isStarted = false
  private static let commLimit = 1 << 16

  init(_ metadata: PerfMetadata, info: CaptureInfo, detail: ReadDetail) {
    let layout = metadata.tracing
    records = RecordDecoder(
      layout.formats, functions: layout.probedFunctions, bigEndian: layout.bigEndian)
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
    comms = layout.comms
    attributeOfID = metadata.attributeOfID
    cpuOfID = metadata.cpuOfID
    swapped = metadata.bigEndian
    rawSwapped = layout.bigEndian
    queue = TimeQueue(isDetailed: detail == .fields)
    queue.isOrdered = metadata.attributes.allSatisfy { $0.samples.contains(.time) }
    self.info = info
    meanings = Self.meanings(metadata, records, &self.info)
    noteThinned(metadata)
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
        guard attribute.samples.contains(.raw) else { return meaning }
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
      return meaning
    }
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
    case PerfRecord.sample: takeSample(bytes, body, end, offset)
    case PerfRecord.finishedRound: queue.endRound()
    case PerfRecord.lost, PerfRecord.lostSamples:
      guard type == PerfRecord.lost || misc & PerfRecord.droppedByFilter == 0 else { return }
      takeLoss(type, bytes, body, end, offset)
    case PerfRecord.comm: takeComm(bytes, body, end)
    case PerfRecord.fork: takeFork(bytes, body, end)
    case PerfRecord.idIndex: takeIndex(bytes, body, end)
    case PerfRecord.mmap, PerfRecord.mmap2:
      PerfChain.note(bytes, body, end, isNewer: type == PerfRecord.mmap2, swapped, &clues)
    default: break
    }
  }

  /// Records are missing from here on, whichever CPU they would be of.
  mutating func openAll() { for cpu in darkness.seen { enterGap(cpu: cpu, missing: 0) } }

  /// Nothing follows: settles what is known only now.
  mutating func finish() {
    for (cpu, number) in darkness.untold {
      losses.add(
        .lostEvents, count: number, cpu: Int(cpu),
        detail: "by the kernel's count; no record says when")
      enterGap(cpu: cpu, missing: number)
    }
    info.cpus = max(info.cpus, darkness.count)
    info.comms = comms
    if chains.dropped > 0 { losses.add(.stacksDropped, count: chains.dropped) }
    queue.finish()
  }

  private mutating func enterGap(cpu: UInt16, missing: UInt64) {
    guard let mark = darkness.open(cpu: cpu, missing: missing) else { return }
    queue.enter(mark, EventDetail(name: mark.kind.name))
  }
}

// MARK: - Samples

extension PerfDecoder {
  private func meaning(_ bytes: RawSpan, _ body: Int, _ end: Int) -> Int? {
    guard meanings.count > 1 else { return 0 }
    let place = meanings[0].shape.id
    guard place >= 0 else { return meaningOfRaw(bytes, body, end) }
    guard body &+ place &+ 8 <= end else { return nil }
    let id = bytes.word64(body &+ place, swapped)
    return attributeOfID[id] ?? (id == 0 ? 0 : nil)
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

  private mutating func takeSample(
    _ bytes: RawSpan, _ body: Int, _ end: Int, _ offset: UInt64
  ) {
    info.eventsRead &+= 1
    guard let index = meaning(bytes, body, end) else {
      losses.add(.unknownEvent, detail: "a sample of an unknown event at offset \(offset)")
      return
    }
    let row = meanings[index].row
    info.events[row].count &+= 1
    guard
      let sample = meanings[index].shape.sample(bytes, from: body, to: end, swapped: swapped),
      let cpu = UInt16(exactly: sample.cpu ?? UInt32(cpuOfID[sample.id] ?? 0))
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
    if let format = meanings[index].format, let raw = sample.raw {
      decode(bytes, raw, format, meanings[index], sample.chain, &event)
    } else if words != nil {
      let detail = plainDetail(sample, meanings[index])
      queue.enter(event, detail)
    }
  }

  private mutating func noteTime(_ time: UInt64) {
    info.start = isStarted ? min(info.start, time) : time
    info.end = max(info.end, time)
    isStarted = true
  }

  private mutating func decode(
    _ bytes: RawSpan, _ raw: Range<Int>, _ format: Int, _ meaning: Meaning,
    _ chain: Range<Int>?, _ event: inout Event
  ) {
    guard raw.count >= 8, bytes.word16(raw.lowerBound, rawSwapped) == meaning.type else {
      return refuse(.malformedEvent, event)
    }
    let outcome = records.decode(
      bytes, at: raw.lowerBound, count: raw.count, format: format, into: &event)
    if outcome == .short || outcome == .implausible {
      refuse(outcome == .short ? .malformedEvent : .implausibleFrame, event)
    }
    if let words {
      if outcome != .decoded {
        records.decodeCommon(
          bytes, at: raw.lowerBound, count: raw.count, format: format, into: &event)
      }
      var detail = words.detail(bytes, raw.lowerBound, raw.count, format, event.pid)
      detail.comm = comm(event.pid)
      queue.enter(event, detail)
    } else if outcome == .decoded && !meaning.isRepeated {
      if let chain, !chain.isEmpty {
        queue.enterChain(chains.number(of: PerfChain.frames(bytes, chain, swapped: swapped)))
      }
      queue.enter(event, EventDetail(name: ""))
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

  private func comm(_ tid: Int32) -> String { tid == 0 ? "<idle>" : comms[tid] ?? "" }

  private func plainDetail(_ sample: PerfSample, _ meaning: Meaning) -> EventDetail {
    let row = info.events[meaning.row]
    var detail = EventDetail(name: row.name, system: row.system, comm: comm(sample.tid))
    if meaning.shape.hasAddress { detail.fields.append(("ip", .hex(sample.address))) }
    return detail
  }
}

// MARK: - Other records

extension PerfDecoder {
  private mutating func takeLoss(
    _ type: UInt32, _ bytes: RawSpan, _ body: Int, _ end: Int, _ offset: UInt64
  ) {
    let place = type == PerfRecord.lost ? body &+ 8 : body
    guard place &+ 8 <= end else {
      losses.add(.malformedEvent, detail: "a record of lost events at offset \(offset)")
      return openAll()
    }
    var number = bytes.word64(place, swapped)
    // A count that no trace reaches is garbage.
    if number >= 1 << 48 { number = 0 }
    let shape = meanings[0].shape
    let trailer = shape.trailer(bytes, from: place &+ 8, to: end, swapped: swapped)
    let id = type == PerfRecord.lost ? bytes.word64(body, swapped) : trailer.id
    let cpu = trailer.cpu.flatMap { UInt16(exactly: $0) } ?? cpuOfID[id]
    if type == PerfRecord.lostSamples, trailer.time == 0, let cpu {
      return darkness.summarize(cpu: cpu, number)
    }
    losses.add(
      number > 0 ? .lostEvents : .lostUnknown, count: max(number, 1), cpu: cpu.map { Int($0) },
      detail: "at time \(trailer.time)")
    guard let cpu else { return openAll() }
    darkness.tell(cpu: cpu, number)
    enterGap(cpu: cpu, missing: number)
  }

  private mutating func takeComm(_ bytes: RawSpan, _ body: Int, _ end: Int) {
    guard body &+ 8 < end else { return }
    let tid = Int32(bitPattern: bytes.word32(body &+ 4, swapped))
    guard comms.count < Self.commLimit || comms[tid] != nil else { return }
    var name: [UInt8] = []
    var at = body &+ 8
    while at < end, name.count < 64, bytes.u8(at) != 0 {
      name.append(bytes.u8(at))
      at &+= 1
    }
    comms[tid] = String(decoding: name, as: UTF8.self)
  }

  /// A new task is called like its parent until it says otherwise.
  private mutating func takeFork(_ bytes: RawSpan, _ body: Int, _ end: Int) {
    guard body &+ 16 <= end else { return }
    let tid = Int32(bitPattern: bytes.word32(body &+ 8, swapped))
    let parent = Int32(bitPattern: bytes.word32(body &+ 12, swapped))
    guard tid != parent, comms.count < Self.commLimit, let name = comms[parent] else { return }
    comms[tid] = name
  }

  private mutating func takeIndex(_ bytes: RawSpan, _ body: Int, _ end: Int) {
    var at = body &+ 8
    guard at <= end else { return }
    let count = Int(clamping: bytes.word64(body, swapped))
    for _ in 0..<min(count, (end &- at) / 32) {
      if let cpu = UInt16(exactly: bytes.word64(at &+ 16, swapped)) {
        cpuOfID[bytes.word64(at, swapped)] = cpu
      }
      at &+= 32
    }
  }
}
