import LedgerCore
import LedgerFormat
import LedgerInput

/// The sub-buffers of one CPU, a piece at a time.
struct CpuStream: Sendable {
  let extent: CpuExtent
  private var cursor: ByteCursor
  private let source: ByteSource
  /// Sub-buffers of the current piece.
  var piece: [UInt8] = []
  /// Next sub-buffer in `piece`.
  var at = 0
  /// Where the piece lies in the file.
  var offset: UInt64 = 0
  private var chunksLeft: UInt32?
  private(set) var state: Phase = .running

  /// How far the stream has come.
  enum Phase: Sendable {
    case running
    /// All data was read.
    case complete
    /// The file ends before the data, or it cannot be followed any further.
    case broken(LossCode, String)
  }

  /// Inflated bytes of a piece; larger ones are taken for damage.
  private let pieceLimit: UInt32
  private static let pieceSize: UInt64 = 1 << 16

  /// Reads an extent, which is one of `count` that are read together.
  init(_ extent: CpuExtent, source: ByteSource, bigEndian: Bool, of count: Int = 1) {
    self.extent = extent
    self.source = source
    // trace-cmd packs ten sub-buffers at a time: lib/trace-cmd/trace-output.c, 3.1.6.
    pieceLimit = UInt32(
      clamping: max(1 << 20, 16 * extent.subBuffer, min(1 << 26, (1 << 29) / max(1, count))))
    let (end, overflow) = extent.offset.addingReportingOverflow(extent.size)
    cursor = ByteCursor(
      source, range: extent.offset..<(overflow ? .max : end), bigEndian: bigEndian)
  }

  /// Gives up before the first piece.
  mutating func refuse(_ code: LossCode, _ detail: String) { state = .broken(code, detail) }

  /// Fills `piece` with the next sub-buffers; false at the end. A piece that cannot be inflated is empty.
  mutating func advance(_ inflater: Inflater, losses: inout LossLedger) throws(CaptureError) -> Bool
  {
    guard case .running = state else { return false }
    at = 0
    offset = cursor.offset
    if extent.compression == .none {
      piece.removeAll(keepingCapacity: true)
      return try advancePlain()
    }
    return try advanceCompressed(inflater, &losses)
  }

  private mutating func advancePlain() throws(CaptureError) -> Bool {
    let size = UInt64(extent.subBuffer)
    let whole = cursor.remaining / size * size
    guard whole > 0 else {
      if extent.mayEndShort, cursor.remaining > 0 {
        try cursor.read(cursor.remaining, into: &piece)
        piece += Array(repeating: 0, count: extent.subBuffer - piece.count)
        return true
      }
      let read = cursor.offset > extent.offset ? cursor.offset &- extent.offset : 0
      state =
        extent.isContested
        ? .broken(.malformedSection, "data of another CPU from offset \(cursor.offset) on")
        : read >= extent.size
          ? .complete
          : .broken(.truncated, "\(extent.size &- read) bytes missing at offset \(cursor.offset)")
      return false
    }
    let wanted = min(whole, max(Self.pieceSize / size * size, size))
    try cursor.read(wanted, into: &piece)
    try skipHole(size)
    return true
  }

  /// Of a hole in a sparse file only the first piece is looked at.
  private mutating func skipHole(_ size: UInt64) throws(CaptureError) {
    guard piece.withRawSpan({ $0.byteCount >= 16 && $0.u64(0) | $0.u64(8) == 0 }) else { return }
    let data = source.nextData(from: cursor.offset) ?? cursor.end
    guard data > cursor.offset else { return }
    try cursor.skip(min(data &- cursor.offset, cursor.remaining) / size * size, "a hole")
  }

  private mutating func advanceCompressed(_ inflater: Inflater, _ losses: inout LossLedger)
    throws(CaptureError) -> Bool
  {
    do throws(CaptureError) {
      if chunksLeft == nil { chunksLeft = try cursor.u32("number of chunks") }
      let left = chunksLeft ?? 0
      guard left > 0 else {
        piece.removeAll(keepingCapacity: true)
        state = .complete
        return false
      }
      let packed = UInt64(try cursor.u32("chunk"))
      let size = try cursor.u32("chunk")
      chunksLeft = left &- 1
      guard size <= pieceLimit, size % UInt32(extent.subBuffer) == 0 else {
        piece.removeAll(keepingCapacity: true)
        state = .broken(.corruptChunk, "chunk of \(size) bytes at offset \(offset)")
        return false
      }
      if try !cursor.inflate(packed, to: Int(size), with: inflater, into: &piece) {
        piece.removeAll(keepingCapacity: true)
        losses.add(.corruptChunk, cpu: extent.cpu, detail: "at offset \(offset)")
      }
      return true
    } catch .headerTruncated {
      piece.removeAll(keepingCapacity: true)
      state = .broken(.truncated, "chunks missing from offset \(cursor.offset)")
      return false
    }
  }
}

/// Reads, inflates and decodes the data of all CPUs, on the relay's thread.
struct TraceDatSource: LaneSource {
  private var streams: [CpuStream]
  private var states: [CpuState]
  private var isClosed: [Bool]
  private var decoder: SubBufferDecoder
  private let inflater: Inflater
  /// Events of a chunk, unless two sub-buffers may hold more.
  private let capacity: Int

  /// Bytes of sub-buffers that all CPUs have at a time.
  private static let roomLimit = 1 << 27

  /// Reads the extents of `layout`, each from its own of `sources`.
  init(
    _ layout: TraceDatLayout, sources: [ByteSource], detail: ReadDetail, records: RecordDecoder,
    chains: StackStore
  ) {
    streams = zip(layout.extents, sources).map {
      CpuStream(
        $0, source: $1, bigEndian: layout.bigEndian, of: layout.extents.count)
    }
    let ends = layout.statistics.reduce(into: [:]) { ends, row in
      ends[row.buffer] = max(ends[row.buffer] ?? 0, row.latest ?? .max)
    }
    states = layout.extents.map { extent in
      CpuState(
        cpu: UInt16(truncatingIfNeeded: extent.cpu), latest: ends[extent.buffer] ?? .max)
    }
    isClosed = Array(repeating: false, count: layout.extents.count)
    inflater = Inflater(layout.compression)
    // Three buffers a CPU: small ones when there are many.
    let bytes = sources.map { $0.size ?? 0 }.max() ?? 0
    let fileLimit = Int(clamping: bytes / 16)
    capacity = min(4096, fileLimit, (1 << 16) / max(1, layout.extents.count))
    decoder = SubBufferDecoder(
      records: records, page: layout.page, bigEndian: layout.bigEndian, time: layout.time,
      words: detail == .replay
        ? nil
        : FieldWords(
          layout.formats, comms: layout.comms, long: layout.page.long,
          bigEndian: layout.bigEndian), chains: chains)
    refuseBeyondRoom()
  }

  /// Leaves out CPUs whose sub-buffers would take too much memory, beside those of the others.
  private mutating func refuseBeyondRoom() {
    var room = Self.roomLimit
    for lane in streams.indices {
      room -= streams[lane].extent.subBuffer
      guard room < 0 else { continue }
      streams[lane].refuse(.tooManyParts, "\(streams.count) CPUs with large sub-buffers")
    }
  }

  /// Room for events of a lane.
  private func room(_ lane: Int) -> Int {
    let perPage = Self.eventsPerSubBuffer(streams[lane].extent.subBuffer)
    return max(streams.count > 512 ? perPage + 1 : 2 * perPage, capacity)
  }

  /// At most so many events come from a sub-buffer: the smallest takes 12 bytes, an entry of a list 8; a gap gives two.
  private static func eventsPerSubBuffer(_ size: Int) -> Int { size / 8 + 3 }

  func makeChunk() -> EventChunk {
    EventChunk(capacity: 0, formats: decoder.records.formats.count)
  }

  mutating func fill(_ chunk: EventChunk, lane: Int) throws(CaptureError) -> Bool {
    chunk.clear()
    guard !isClosed[lane] else { return false }
    if states[lane].previous >= 0 { states[lane].previous = CpuState.before }
    defer { carry(lane, chunk) }
    let limit = room(lane) - Self.eventsPerSubBuffer(streams[lane].extent.subBuffer)
    while chunk.count < limit, chunk.records < 1 << 20 {
      if streams[lane].at >= streams[lane].piece.count {
        guard try streams[lane].advance(inflater, losses: &chunk.losses) else {
          close(lane, chunk)
          break
        }
        dropIfDamaged(lane, chunk)
        if streams[lane].piece.isEmpty { states[lane].openGap() }
      }
      decodePiece(chunk, lane, limit)
    }
    chunk.first = states[lane].first
    chunk.last = states[lane].last
    for probe in decoder.records.probes {
      chunk.kinds.append((probe, decoder.records.kind(ofFormat: probe)))
    }
    return true
  }

  /// A flipped bit in compressed data may garble all of a chunk without an error: one bad sub-buffer condemns it.
  private mutating func dropIfDamaged(_ lane: Int, _ chunk: EventChunk) {
    guard streams[lane].extent.compression != .none else { return }
    let size = streams[lane].extent.subBuffer
    let isSound = streams[lane].piece.withRawSpan { bytes in
      var at = 0
      while at &+ size <= bytes.byteCount {
        guard decoder.isSound(bytes, at: at, size: size) else { return false }
        at &+= size
      }
      return true
    }
    guard !isSound else { return }
    streams[lane].piece.removeAll(keepingCapacity: true)
    chunk.losses.add(
      .corruptChunk, cpu: streams[lane].extent.cpu, detail: "at offset \(streams[lane].offset)")
  }

  /// Decodes sub-buffers of the current piece until the chunk has no room for another one.
  private mutating func decodePiece(_ chunk: EventChunk, _ lane: Int, _ limit: Int) {
    var events: [Event] = []
    var counts: [UInt64] = []
    let size = streams[lane].extent.subBuffer
    let rest = streams[lane].piece.count - streams[lane].at
    chunk.grow(
      to: min(room(lane), chunk.count + rest / size * Self.eventsPerSubBuffer(size) + 1))
    swap(&events, &chunk.events)
    swap(&counts, &chunk.counts)
    var piece: [UInt8] = []
    swap(&piece, &streams[lane].piece)
    let base = streams[lane].offset
    // A compressed piece was checked as a whole, before any of it was decoded.
    let isChecked = streams[lane].extent.compression != .none
    var at = streams[lane].at
    var place = chunk.count
    piece.withRawSpan { bytes in
      var room = EventRoom(events.mutableSpan, counts: counts.mutableSpan)
      room.place = place
      while at &+ size <= bytes.byteCount, room.place < limit {
        decoder.decode(
          bytes, at: at, size: size, offset: base &+ UInt64(at), isChecked: isChecked,
          state: &states[lane], chunk: chunk, room: &room)
        at &+= size
      }
      place = room.place
    }
    chunk.count = place
    streams[lane].at = at
    swap(&piece, &streams[lane].piece)
    swap(&counts, &chunk.counts)
    swap(&events, &chunk.events)
  }

  /// Remembers the last event: its call chain, or the rest of it, may begin the next chunk.
  private mutating func carry(_ lane: Int, _ chunk: EventChunk) {
    let previous = states[lane].previous
    guard chunk.count > 0, previous >= 0 || previous == CpuState.chain else { return }
    states[lane].carried = chunk.events[chunk.count - 1]
  }

  /// Accounts what is missing at the end of a CPU's data.
  private mutating func close(_ lane: Int, _ chunk: EventChunk) {
    isClosed[lane] = true
    if case .broken(let code, let detail) = streams[lane].state {
      chunk.losses.add(code, cpu: streams[lane].extent.cpu, detail: detail)
      states[lane].openGap()
    }
    guard states[lane].gapIsOpen else { return }
    var mark = Event()
    mark.kind = .gapOpens
    mark.time = states[lane].lastTime
    mark.cpu = states[lane].cpu
    mark.value = Int32(clamping: states[lane].gapCount)
    chunk.grow(to: chunk.count + 1)
    chunk.events[chunk.count] = mark
    chunk.count += 1
    if decoder.words != nil { chunk.details.append(EventDetail(name: mark.kind.name)) }
  }
}
