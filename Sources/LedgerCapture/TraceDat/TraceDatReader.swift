import LedgerCore
import LedgerFormat
import LedgerInput
import LedgerSymbols

/// Reads buffers of trace.dat files of trace-cmd, versions 6 and 7: decodes on a second thread, merges the CPUs here.
final class TraceDatReader: CaptureReader {
  private(set) var info: CaptureInfo
  private(set) var losses: LossLedger
  private let relay: Relay<TraceDatSource>
  private var lanes: [MergeLane]
  private var order: LaneOrder
  private var ordinal: UInt32 = 0
  private var isStarted = false
  private var earliest = UInt64.max
  private var remainder: KernelRemainder
  private let isDetailed: Bool
  private var gaps: GapUnion?
  private let hasConsole: Bool
  private var traced = TracedLog()
  private let chains = StackStore()
  private var symbolText: SymbolText?
  /// What the capture knows about its kernel's symbols.
  private(set) var clues = KernelClues()

  /// Reads one group of a file's buffers, or all of them; decoding starts in the background.
  convenience init(_ file: TraceDatFile, group: BufferGroup, detail: ReadDetail) {
    let layout = file.layout.restricted(to: group)
    self.init(
      layout, records: file.records,
      sources: Array(repeating: file.source, count: layout.extents.count), path: file.source.path,
      kind: layout.kind, detail: detail)
  }

  /// Reads what `layout` describes, each extent from its own of `sources`.
  convenience init(
    _ layout: TraceDatLayout, sources: [ByteSource], path: String, kind: String,
    detail: ReadDetail
  ) {
    // Recovered formats end with the last field that matters.
    let records = RecordDecoder(
      layout.formats, functions: layout.probedFunctions, bigEndian: layout.bigEndian,
      release: layout.kernel, slack: layout.formatsAreOfSeenEvents ? 1 << 16 : 0)
    self.init(
      layout, records: records, sources: sources, path: path, kind: kind, detail: detail)
  }

  private init(
    _ layout: TraceDatLayout, records: RecordDecoder, sources: [ByteSource], path: String,
    kind: String, detail: ReadDetail
  ) {
    symbolText = layout.symbolText
    clues.kallsyms = layout.symbols
    clues.moduleIDs = layout.buildIDs
    clues.buildID = clues.moduleIDs.removeValue(forKey: "") ?? []
    info = Self.describe(layout, path, kind, records)
    losses = layout.losses
    for index in records.incomplete {
      losses.add(.malformedFormat, detail: "\(layout.formats[index].name) lacks a field")
    }
    gaps = GapUnion(layout)
    lanes = Array(repeating: MergeLane(), count: layout.extents.count)
    order = LaneOrder(count: layout.extents.count)
    remainder = KernelRemainder(layout)
    isDetailed = detail == .fields
    hasConsole =
      !isDetailed && ConsoleMessage(layout.formats, bigEndian: layout.bigEndian) != nil
    remainder.account(&losses)
    relay = Relay(
      TraceDatSource(layout, sources: sources, detail: detail, records: records, chains: chains),
      lanes: layout.extents.count)
  }

  deinit { relay.stop() }

  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    guard gaps != nil else { return try merge(&batch) }
    while try merge(&batch) {
      gaps?.unite(&batch)
      if !batch.events.isEmpty { return true }
    }
    return false
  }

  private func merge(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    batch.clear()
    if !isStarted {
      try start(&batch)
      openGaps(&batch)
    }
    while batch.events.count < EventBatch.capacity, !lanes.isEmpty {
      let turn = order.turn(lanes)
      guard !lanes[turn.lane].isDone else { break }
      let filled = batch.events.count
      lanes[turn.lane].run(
        turn, into: &batch.events, details: &batch.details, stacks: &batch.stacks,
        ordinal: &ordinal)
      if hasConsole { readMessages(turn.lane, from: filled, &batch) }
      if lanes[turn.lane].at >= lanes[turn.lane].chunk?.count ?? 0 {
        try refill(turn.lane)
        if lanes[turn.lane].isDone { openGap(turn.lane, at: lastTime(batch), &batch) }
      }
      order.update(turn.lane, lanes)
    }
    if batch.events.isEmpty {
      finishLog()
      accountSymbols()
    }
    return !batch.events.isEmpty
  }

  /// Opens the gaps of CPUs that have no events at all.
  private func openGaps(_ batch: inout EventBatch) {
    guard !isDetailed else { return }
    let time = lastTime(batch)
    batch.events += remainder.gaps(from: time)
    for lane in lanes.indices where lanes[lane].isDone { openGap(lane, at: time, &batch) }
  }

  private func openGap(_ lane: Int, at time: UInt64, _ batch: inout EventBatch) {
    guard !isDetailed, let gap = remainder.gap(lane: lane, at: time) else { return }
    batch.events.append(gap)
  }

  /// What the kernel said on its console, when that was traced.
  var complaints: ComplaintLog { traced.complaints.log }

  /// The call chains that were recorded behind events.
  var stacks: StackTable { chains.table }

  private func readMessages(_ lane: Int, from start: Int, _ batch: inout EventBatch) {
    let messages = lanes[lane].chunk?.messages ?? []
    var place = lanes[lane].message
    traced.replaceMessages(in: &batch, from: start) { _ in
      defer { place += 1 }
      return place < messages.count ? messages[place] : nil
    }
    lanes[lane].message = place
  }

  private func finishLog() {
    traced.finish()
    info.logLines = traced.lines
  }

  /// Probes that were judged without the symbols which the capture should have.
  private func accountSymbols() {
    guard let text = symbolText, let error = text.failure else { return }
    symbolText = nil
    losses.add(Version7.loss(for: error), detail: "kallsyms at offset \(text.offset)")
  }

  private func lastTime(_ batch: borrowing EventBatch) -> UInt64 {
    batch.events.last?.time ?? info.start
  }

  private func start(_ batch: inout EventBatch) throws(CaptureError) {
    isStarted = true
    for lane in lanes.indices { try refill(lane) }
    // A gap before a CPU's first event opens when the capture starts.
    for lane in lanes.indices {
      guard let chunk = lanes[lane].chunk, chunk.count > 0, chunk.events[0].kind == .gapOpens
      else { continue }
      chunk.events[0].time = earliest == .max ? 0 : earliest
      lanes[lane].key = 0
      let turn = LaneOrder.Turn(lane: lane, limit: 0, rival: .max)
      let filled = batch.events.count
      lanes[lane].run(
        turn, into: &batch.events, details: &batch.details, stacks: &batch.stacks,
        ordinal: &ordinal)
      if hasConsole { readMessages(lane, from: filled, &batch) }
      if lanes[lane].at >= chunk.count { try refill(lane) }
    }
    order.build(lanes)
  }

  /// Takes the next chunk of a lane that holds events.
  private func refill(_ lane: Int) throws(CaptureError) {
    var used = lanes[lane].chunk
    lanes[lane].chunk = nil
    lanes[lane].at = 0
    lanes[lane].message = 0
    lanes[lane].stack = 0
    while let chunk = try relay.take(lane: lane, returning: used) {
      account(chunk)
      remainder.count(chunk.records, lane: lane)
      guard chunk.count > 0, let first = chunk.events.first else {
        used = chunk
        continue
      }
      lanes[lane].key = max(lanes[lane].key, min(first.time, .max - 1))
      lanes[lane].chunk = chunk
      return
    }
    lanes[lane].isDone = true
    lanes[lane].key = .max
    remainder.finish(lane: lane, &losses)
  }

  /// Adds what a chunk says besides its events.
  private func account(_ chunk: EventChunk) {
    losses.merge(chunk.losses)
    info.eventsRead &+= chunk.records
    if chunk.first != .max {
      earliest = min(earliest, chunk.first)
      info.start = earliest
      info.end = max(info.end, chunk.last)
    }
    for index in chunk.counts.indices where chunk.counts[index] > 0 {
      info.events[index].count &+= chunk.counts[index]
    }
    for (format, kind) in chunk.kinds { info.events[format].kind = kind }
  }
}

extension TraceDatReader {
  /// More formats than this were hardly chosen with `-e`: trace-cmd stores all without it.
  private static let selectionLimit = 400

  private static func describe(
    _ layout: TraceDatLayout, _ path: String, _ kind: String, _ records: RecordDecoder
  ) -> CaptureInfo {
    var info = CaptureInfo(path: path, kind: kind)
    info.kernel = layout.kernel
    info.clock = layout.clock
    info.cpus = layout.cpus
    info.comms = layout.comms
    info.timeIsNanoseconds =
      layout.time.multiplier != 0
      || !["counter", "uptime", "x86-tsc", "ppc-tb"].contains(layout.clock)
    info.listsEnabledEvents =
      !layout.formatsAreOfSeenEvents
      && layout.formats.count { $0.system != "ftrace" } < selectionLimit
    info.events = layout.formats.indices.map {
      EventCount(
        system: layout.formats[$0].system, name: layout.formats[$0].name,
        kind: records.kind(ofFormat: $0))
    }
    return info
  }
}

extension TraceDatLayout {
  /// The version, with the instances that are read and the machines that belong together.
  fileprivate var kind: String {
    let names = buffers.map(\.name).filter { name in
      !name.isEmpty && extents.contains { $0.instance == name }
    }
    var kind = "trace.dat v\(version)"
    if !names.isEmpty {
      let hasTop = extents.contains { $0.instance.isEmpty }
      kind += names.count == 1 ? ", instance " : ", instances "
      kind += names.joined(separator: ", ")
      if hasTop {
        kind += " merged with the top buffer"
      } else if names.count > 1 {
        kind += " merged"
      }
    }
    if !guests.isEmpty { kind += ", host of " + guests.joined(separator: ", ") }
    if time.host != nil { kind += ", guest in its host's time" }
    return kind
  }

  /// Where the capture's symbols place the functions that probes may be attached to; they are read at the first record of a probe.
  var probedFunctions: ProbeFunctions {
    guard let text = symbolText else { return ProbeFunctions() }
    return ProbeFunctions {
      KernelSymbols(kallsyms: text.bytes).extents(of: ProbeCatalog.functions).map {
        ProbeFunctions.Extent(function: $0.name, addresses: $0.addresses)
      }
    }
  }
}
