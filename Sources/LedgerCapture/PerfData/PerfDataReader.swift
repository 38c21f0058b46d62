import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads what `perf record` writes: files of both byte orders, the old form, and what it writes to pipes; decodes on a
/// second thread.
///
/// Tracepoints are decoded by the formats that the file carries; other events are counted by name. Memory is
/// bounded by what `TimeQueue` lets wait.
final class PerfDataReader: CaptureReader {
  private let account: PerfAccount
  private let relay: Relay<PerfSource>
  private var chunk: EventChunk?
  private var at = 0
  /// Next message of the chunk.
  private var message = 0
  /// Next call chain of the chunk.
  private var stack = 0
  private let chains: StackStore
  private let symbols: (@Sendable () -> [UInt8])?
  private var traced = TracedLog()

  /// Reads the descriptions of a seekable source; `streams` are the files `data.0`, `data.1` and so on of a folder, of
  /// which `source` is the file `data`; so many more of them are `missing`.
  ///
  /// Throws when the header or the event attributes cannot be read: nothing can be understood without them.
  convenience init(
    source: ByteSource, streams: [PerfStream] = [], missing: UInt64 = 0, detail: ReadDetail
  ) throws(CaptureError) {
    try self.init(
      source: source, tail: nil, streams: streams, missing: missing, detail: detail)
  }

  /// Reads a stream in pipe mode while it grows; `prefix` are the bytes that were taken from it.
  ///
  /// What it says before the first sample describes everything; that part goes to a nameless temporary file.
  convenience init(live stream: ByteSource, prefix: [UInt8], detail: ReadDetail)
    throws(CaptureError)
  {
    let start = try stream.stored(try PerfPrelude.read(stream, prefix: prefix))
    try self.init(source: start, tail: stream, streams: [], missing: 0, detail: detail)
  }

  private init(
    source: ByteSource, tail: ByteSource?, streams: [PerfStream], missing: UInt64,
    detail: ReadDetail
  ) throws(CaptureError) {
    let header = try PerfHeader(source)
    var metadata = PerfMetadata(path: source.path, bigEndian: header.bigEndian)
    if header.form == .pipe {
      try metadata.readRecords(header, source)
    } else {
      try metadata.readSections(header, source)
    }
    if metadata.isFolder, streams.isEmpty {
      metadata.losses.add(
        .truncated, count: 0, detail: "the records lie in data.0 and others beside this file")
    }
    var decoder = PerfDecoder(
      metadata, info: Self.describe(header, metadata, source.path), detail: detail)
    if missing > 0 { decoder.miss(streams: missing, cpus: metadata.cpus) }
    symbols = metadata.tracing.symbols
    chains = decoder.chains
    let feeds =
      [RecordFeed(header, source: source, tail: tail)]
      + streams.map { RecordFeed(header, stream: $0, of: streams.count) }
    account = PerfAccount(decoder.state)
    // Events come in rounds: while one is read, the replay works on the one before.
    let ahead = tail == nil ? 64 : 8
    relay = Relay(PerfSource(decoder, feeds, account), lanes: 1, ahead: ahead)
  }

  deinit { relay.stop() }

  /// What is known so far; final when `next` has returned false.
  var info: CaptureInfo {
    var info = account.current.info
    info.logLines = traced.lines
    return info
  }

  /// What the kernel said on its console, when that was traced.
  var complaints: ComplaintLog { traced.complaints.log }

  /// The call chains of the samples.
  var stacks: StackTable { chains.table }

  /// What the capture knows about its kernel's symbols.
  var clues: KernelClues {
    var clues = account.current.clues
    clues.kallsyms = symbols
    return clues
  }

  /// What was lost so far; final when `next` has returned false.
  var losses: LossLedger { account.current.losses }

  /// Replaces the contents of `batch` by the next events; false at the end of the data.
  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    batch.clear()
    while batch.events.isEmpty {
      if let chunk, at < chunk.count {
        let end = min(chunk.count, at + EventBatch.capacity)
        batch.events.append(contentsOf: chunk.events[at..<end])
        if !chunk.details.isEmpty { batch.details.append(contentsOf: chunk.details[at..<end]) }
        if !chunk.stacks.isEmpty { noteChains(chunk, upTo: end, &batch) }
        at = end
        if !chunk.messages.isEmpty { readMessages(chunk, &batch) }
      } else {
        let used = chunk
        chunk = nil
        chunk = try relay.take(lane: 0, returning: used)
        at = 0
        message = 0
        stack = 0
        guard chunk != nil else {
          traced.finish()
          return false
        }
      }
    }
    return true
  }

  /// Ties call chains to the events from `at` to `end`, which the batch holds.
  private func noteChains(_ chunk: EventChunk, upTo end: Int, _ batch: inout EventBatch) {
    while stack < chunk.stacks.count, chunk.stacks[stack].place < end {
      let chain = chunk.stacks[stack]
      stack += 1
      guard chain.place >= at else { continue }
      batch.stacks.append(StackNote(batch.events[chain.place - at], stack: chain.stack))
    }
  }

  private func readMessages(_ chunk: EventChunk, _ batch: inout EventBatch) {
    var place = message
    traced.replaceMessages(in: &batch, from: 0) { _ in
      defer { place += 1 }
      return place < chunk.messages.count ? chunk.messages[place] : nil
    }
    message = place
  }

  private static func describe(
    _ header: PerfHeader, _ metadata: PerfMetadata, _ path: String
  ) -> CaptureInfo {
    let kind =
      switch header.form {
      case .file: "perf.data"
      case .legacy: "perf.data v1"
      case .pipe: "perf.data pipe"
      }
    var info = CaptureInfo(path: path, kind: kind)
    info.kernel = metadata.kernel
    info.clock = metadata.attributes.first?.clockName ?? "perf"
    info.cpus = metadata.cpus
    let ids = Set(metadata.tracing.formats.map(\.id))
    info.listsEnabledEvents = metadata.attributes.allSatisfy {
      $0.type != PerfAttribute.tracepoint || ids.contains(Int(clamping: $0.config))
    }
    return info
  }
}
