import LedgerCore
import LedgerFormat
import LedgerInput
import LedgerSymbols

/// Makes of a buffer's files what a trace.dat would say: the same machinery reads both.
struct SnapshotLayout {
  /// Largest text of symbols, in bytes.
  private static let symbolLimit = 1 << 26
  /// Largest sub-buffer, and all CPUs' together: each needs some thirty times its size in memory.
  private static let subBufferLimit = 1 << 22
  private static let roomLimit = 1 << 26
  /// Bytes of each CPU that formats are looked for in.
  private static let censusLimit = 1 << 23

  private(set) var layout = TraceDatLayout()
  /// Where the bytes of each extent are.
  private(set) var sources: [ByteSource] = []
  private let buffer: SnapshotBuffer
  private let path: String
  private var shape = SubBufferShape(page: PageHeader(), bigEndian: false)

  /// Reads all but the events of a buffer; `path` is what errors call it.
  init(_ buffer: SnapshotBuffer, path: String) throws(CaptureError) {
    self.buffer = buffer
    self.path = path
    try settleShape()
    takeWords()
    try takeSymbols()
    layout.buildIDs = buffer.words.buildIDs
    if layout.formats.isEmpty { try recoverFormats() }
    try takeExtents()
    takeStatistics()
  }

  private mutating func settleShape() throws(CaptureError) {
    let described = PageHeader(text: buffer.words.headerPage).flatMap {
      $0.size <= Self.subBufferLimit ? $0 : nil
    }
    if let found = try SubBufferShape.find(buffer.pieces.map(\.piece), described: described) {
      shape = found
      if let described, described != found.page {
        layout.losses.add(
          .malformedFormat,
          detail:
            "header_page says sub-buffers of \(described.size) bytes, the files hold \(found.page.size)"
        )
      }
    } else if let described {
      // Damaged sub-buffers are accounted one by one.
      shape = SubBufferShape(page: described, bigEndian: try looksSwapped(described))
    } else {
      throw .notACapture(
        path: path,
        hint:
          "the raw files are no sub-buffers of a known layout, and events/header_page is missing")
    }
    guard buffer.pieces.count <= Self.roomLimit / shape.page.size else {
      throw .unsupported(
        path: path,
        what:
          "a snapshot of \(buffer.pieces.count) CPUs with sub-buffers of \(shape.page.size) bytes")
    }
    layout.page = shape.page
    layout.pageSize = shape.page.size
    layout.bigEndian = shape.bigEndian
  }

  /// The byte order in which more of the first sub-buffers claim a possible size.
  private func looksSwapped(_ page: PageHeader) throws(CaptureError) -> Bool {
    var votes = 0
    for (_, piece) in buffer.pieces.prefix(64) {
      let bytes = try piece.bytes(limit: 64)
      guard bytes.count == 64 else { continue }
      for (bigEndian, vote) in [(false, -1), (true, 1)] {
        let shape = SubBufferShape(page: page, bigEndian: bigEndian)
        let used = bytes.withRawSpan { shape.used($0, 0) }
        if let used, used <= page.size - page.data { votes += vote }
      }
    }
    return votes > 0
  }

  private mutating func takeWords() {
    let filters = buffer.words.filters.sorted()
    if let first = filters.first {
      layout.losses.add(.filtered, count: UInt64(filters.count), detail: first)
    }
    for format in buffer.words.formats {
      if let format = EventFormat(text: format.text, system: format.system) {
        layout.formats.append(format)
      } else if !format.text.isEmpty {
        layout.losses.add(.malformedFormat, detail: "a format of the group \(format.system)")
      }
    }
    layout.readComms(buffer.words.comms)
    layout.clock = TraceDatLayout.activeClock(buffer.words.clock) ?? ""
    let words = TraceDatLayout.text(buffer.words.kernel).split { $0 == " " || $0 == "\n" }
    layout.kernel = words.count > 2 ? String(words[2]) : words.first.map(String.init) ?? ""
  }

  private mutating func takeSymbols() throws(CaptureError) {
    guard let symbols = buffer.words.symbols else { return }
    layout.symbolText = SymbolText(at: symbols.range.lowerBound) { () throws(CaptureError) in
      try symbols.bytes(limit: Self.symbolLimit)
    }
  }

  /// Without descriptions, the symbols and the records themselves tell what some ids are.
  private mutating func recoverFormats() throws(CaptureError) {
    let symbols = KernelSymbols(kallsyms: layout.symbolText?.bytes ?? [])
    let runs = shape.page.long == 8 ? symbols.eventRuns() : []
    guard !runs.isEmpty else {
      if let failure = layout.symbolText?.failure { throw failure }
      throw .notACapture(
        path: path,
        hint: """
          the snapshot has sub-buffers but no events/*/*/format, so nothing says what its records mean; copy the formats \
          with cat, as tar stores the files of tracefs empty
          """)
    }
    let functions = symbols.extents(of: ["hva_to_pfn"]).map(\.addresses.lowerBound)
    var census = RecordCensus(functions: ProbedFunctions(hvaToPfn: functions))
    for (_, piece) in buffer.pieces { try count(piece, &census) }
    let formats = FormatRecovery(runs, census).formats()
    layout.formats = formats
    layout.formatsAreOfSeenEvents = true
    let named = Set(formats.map(\.id))
    let rest = census.rows.filter { !named.contains(Int($0.key)) }
    layout.losses.add(
      .missingFormats, count: UInt64(max(1, rest.count)),
      detail:
        "\(named.count) of \(census.rows.count) event ids were told from kallsyms and the records themselves"
    )
  }

  /// Looks at the records of a CPU's first sub-buffers.
  private func count(_ piece: SnapshotPiece, _ census: inout RecordCensus) throws(CaptureError) {
    let page = shape.page
    let step = UInt64(max(1, (1 << 16) / page.size) * page.size)
    var look = RecordLook(bigEndian: shape.bigEndian)
    var offset: UInt64 = 0
    while offset < min(piece.size, UInt64(Self.censusLimit)) {
      let bytes = try piece.bytes(from: offset, limit: Int(step))
      guard !bytes.isEmpty else { return }
      bytes.withRawSpan { bytes in
        var at = 0
        while at &+ page.data <= bytes.byteCount {
          let used = min(shape.used(bytes, at) ?? 0, bytes.byteCount &- at &- page.data)
          if used <= page.size &- page.data {
            var walk = RecordWalk(
              bytes, ticks: 0, from: at &+ page.data, count: used, bigEndian: shape.bigEndian)
            while let payload = walk.next(bytes) {
              look.fill(bytes, at: payload, count: walk.at &- payload)
              census.take(look)
            }
          }
          at &+= page.size
        }
      }
      offset &+= step
    }
  }

  private mutating func takeExtents() throws(CaptureError) {
    for (cpu, piece) in buffer.pieces.sorted(by: { $0.cpu < $1.cpu }) {
      var extent = CpuExtent(
        instance: "", cpu: cpu, offset: piece.range.lowerBound, size: piece.size,
        compression: .none, subBuffer: shape.page.size)
      extent.mayEndShort = try isTailWhole(piece)
      layout.extents.append(extent)
      sources.append(piece.source)
    }
    layout.cpus = (layout.extents.map(\.cpu).max() ?? -1) + 1
  }

  /// True if the file ends within the empty part of its last sub-buffer.
  private func isTailWhole(_ piece: SnapshotPiece) throws(CaptureError) -> Bool {
    let page = shape.page
    let tail = piece.size % UInt64(page.size)
    guard tail >= UInt64(page.data) else { return false }
    let head = try piece.bytes(from: piece.size - tail, limit: page.data)
    guard head.count == page.data, let used = head.withRawSpan({ shape.used($0, 0) }) else {
      return false
    }
    return UInt64(page.data + used) <= tail
  }

  /// Statistics that were read after the sub-buffers, or after someone else had read, do not tell how many events to expect.
  private mutating func takeStatistics() {
    layout.statistics = buffer.statistics
    layout.missingCPUs = buffer.missingCPUs
    let named = layout.statistics.map(\.cpu) + layout.missingCPUs
    layout.cpus = max(layout.cpus, (named.max() ?? -1) + 1)
    layout.accountStatistics()
    layout.statistics.removeAll { $0.read > 0 }
  }
}
