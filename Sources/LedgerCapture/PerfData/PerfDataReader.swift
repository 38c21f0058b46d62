import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads what `perf record` writes: files of both byte orders, the old form, and what it writes to pipes.
///
/// Tracepoints are decoded by the formats that the file carries; other events are counted by name. Memory is
/// bounded by what `TimeQueue` lets wait.
final class PerfDataReader: CaptureReader {
  private var decoder: PerfDecoder
  private var feed: RecordFeed
  private var isFinished = false
  private let symbols: (@Sendable () -> [UInt8])?
  private let buildID: [UInt8]
  private var traced = TracedLog()

  /// Reads the descriptions of a seekable source.
  ///
  /// Throws when the header or the event attributes cannot be read: nothing can be understood without them.
  init(source: ByteSource, detail: ReadDetail) throws(CaptureError) {
    let header = try PerfHeader(source)
    var metadata = PerfMetadata(path: source.path, bigEndian: header.bigEndian)
    if header.form == .pipe {
      try metadata.readRecords(header, source)
    } else {
      try metadata.readSections(header, source)
    }
    decoder = PerfDecoder(
      metadata, info: Self.describe(header, metadata, source.path), detail: detail)
    feed = RecordFeed(header, source: source)
    symbols = metadata.tracing.symbols
    buildID = metadata.kernelBuildID
  }

  /// What is known so far; final when `next` has returned false.
  var info: CaptureInfo {
    var info = decoder.info
    info.logLines = traced.lines
    return info
  }

  /// What the kernel said on its console, when that was traced.
  var complaints: ComplaintLog { traced.complaints.log }

  /// The call chains of the samples.
  var stacks: StackTable { decoder.chains }

  /// What the capture knows about its kernel's symbols.
  var clues: KernelClues {
    var clues = decoder.clues
    clues.kallsyms = symbols
    clues.buildID = buildID
    return clues
  }

  /// What was lost so far; final when `next` has returned false.
  var losses: LossLedger {
    var losses = decoder.losses
    losses.merge(decoder.queue.losses)
    return losses
  }

  /// Replaces the contents of `batch` by the next events; false at the end of the data.
  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    batch.clear()
    while batch.events.count < EventBatch.capacity {
      if decoder.queue.readyCount > 0 {
        let filled = batch.events.count
        decoder.queue.give(&batch)
        traced.replaceMessages(in: &batch, from: filled) { event in
          decoder.messages.removeValue(forKey: event.word)
        }
      } else if isFinished {
        break
      } else {
        isFinished = try !feed.advance(&decoder)
      }
    }
    if batch.events.isEmpty { traced.finish() }
    return !batch.events.isEmpty
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
