import LedgerCore
import LedgerInput

/// An input whose compression is taken off, layer by layer, until an archive or what it holds shows.
struct OuterLayers {
  /// More layers than this, archives included, are no accident.
  private static let depth = 4

  private(set) var source: ByteSource
  /// Bytes that were read to recognise the kind; none when the input is empty.
  private(set) var prefix: [UInt8]
  /// What the first bytes say; a packing only if it is an archive.
  private(set) var kind = SniffedKind.text
  /// Names of the layers, the outermost first, and of the archive.
  private(set) var names: [String]

  /// Peels an input that lies in the layers `names`; all layers together may give the bytes of `budget`.
  ///
  /// Throws when there are too many layers, and what reading throws.
  init(_ input: ByteSource, inside names: [String], budget: ExpandBudget) throws(CaptureError) {
    source = input
    self.names = names
    input.damage.bound(names.isEmpty ? budget.renewed() : budget)
    prefix = try source.prefix(CaptureSniffer.prefixSize)
    kind = CaptureSniffer.sniff(prefix)
    while case .packed(let packing) = kind, !prefix.isEmpty {
      guard self.names.count < Self.depth else {
        throw .unsupported(path: source.path, what: "packing in more than \(Self.depth) layers")
      }
      self.names.append(packing.rawValue)
      guard !packing.isArchive else { return }
      let layerBudget = names.isEmpty ? budget.renewed() : budget
      source = try source.inflated(packing, prefix: prefix, budget: layerBudget)
      prefix = try source.prefix(CaptureSniffer.prefixSize)
      kind = CaptureSniffer.sniff(prefix)
    }
  }

  /// Why there is no byte at all.
  var emptiness: CaptureError {
    guard let loss = source.damage.losses.rows.first else { return .empty(path: source.path) }
    return .notACapture(path: source.path, hint: "nothing can be unpacked: \(loss.detail)")
  }

  /// What `perf record --threads` writes has no magic, and nothing at all for an idle CPU.
  var mayBeRecords: Bool {
    if case .foreign = kind { return true }
    return prefix.isEmpty && source.damage.losses.rows.isEmpty
  }

  /// The same with everything in a nameless temporary file; `prefix` are all bytes that were taken from the source.
  mutating func spool(prefix bytes: [UInt8]) throws(CaptureError) {
    source = try source.spooled(prefix: bytes)
    prefix = []
  }

  /// A reader of what the layers hold, of all buffers of a trace.dat. A trace.dat or perf.data of which the end cannot be reached is
  /// copied to a nameless temporary file first, because what it means is told at its end; texts and perf's pipe mode are read as
  /// they come.
  func reader(detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    switch kind {
    case .traceDat: return try TraceDatFile(try seekable()).reader(group: nil, detail: detail)
    case .perfData:
      if !source.isSeekable, PerfPrelude.opens(prefix) {
        return try PerfDataReader(live: source, prefix: prefix, detail: detail)
      }
      return try PerfDataReader(source: try seekable(), detail: detail)
    case .packed(let packing):
      throw .unsupported(path: source.path, what: "\(packing.rawValue) data in this place")
    case .foreign(let what): throw .notACapture(path: source.path, hint: "it looks like \(what)")
    case .text:
      if PstoreRecord.header(prefix) != nil { return try pstore(detail) }
      guard !names.isEmpty, BufferSections.mayBeOne(prefix) else {
        return try FtraceTextReader.open(source, prefix: prefix, detail: detail)
      }
      let file = try source.spooled(prefix: prefix)
      return try FtraceTextReader.open(
        file, prefix: try file.prefix(CaptureSniffer.prefixSize), detail: detail)
    }
  }

  /// A reader of records of pstore that somebody put into one file.
  private func pstore(_ detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    var text = prefix
    while text.count < PstoreLog.limit {
      guard try source.read(into: &text, count: PstoreLog.limit - text.count) > 0 else { break }
    }
    var log = PstoreLog()
    log.add(text)
    return try FtraceTextReader.open(
      try source.stored(Array(log.texts.joined())), prefix: [], detail: detail)
  }

  /// The bytes with their end in reach.
  func seekable() throws(CaptureError) -> ByteSource {
    source.isSeekable ? source : try source.spooled(prefix: prefix)
  }
}

extension ByteSource {
  /// Reads until `count` bytes are there or the source ends; of a pipe that pauses, what tells its kind is enough.
  func prefix(_ count: Int) throws(CaptureError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      if bytes.count >= 64, !isReady(within: 100) { break }
      guard try read(into: &bytes, count: count - bytes.count) > 0 else { break }
    }
    return bytes
  }
}
