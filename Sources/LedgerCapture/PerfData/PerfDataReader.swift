import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads what `perf record` writes: files of both byte orders, the old form, and what it writes to pipes.
///
/// Tracepoints are decoded by the formats that the file carries; other events are counted by name. Memory is
/// bounded by what `TimeQueue` lets wait.
final class PerfDataReader: CaptureReader {
  private var decoder: PerfDecoder
  /// Those that have more, and the time that each has come to.
  private var feeds: [(feed: RecordFeed, time: UInt64)]

  /// Reads the descriptions of a seekable source; `streams` are the files `data.0`, `data.1` and so on of a folder, of
  /// which `source` is the file `data`.
  ///
  /// Throws when the header or the event attributes cannot be read: nothing can be understood without them.
  init(source: ByteSource, streams: [ByteSource] = [], detail: ReadDetail) throws(CaptureError) {
    let header = try PerfHeader(source)
    var metadata = PerfMetadata(path: source.path, bigEndian: header.bigEndian)
    if header.form == .pipe {
      try metadata.readRecords(header, source)
    } else {
      try metadata.readSections(header, source)
    }
    decoder = PerfDecoder(
      metadata, info: Self.describe(header, metadata, source.path), detail: detail)
    if metadata.isFolder, streams.isEmpty {
      decoder.losses.add(
        .truncated, count: 0, detail: "the records lie in data.0 and others beside this file")
    }
    feeds = [(RecordFeed(header, source: source), 0)]
    feeds += streams.map { (RecordFeed(header, stream: $0), 0) }
    decoder.queue.endsRounds = streams.isEmpty
  }

  /// What is known so far; final when `next` has returned false.
  var info: CaptureInfo {
    var info = decoder.info
    info.comms = decoder.queue.names.names
    return info
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
        decoder.queue.give(&batch)
      } else if feeds.isEmpty {
        break
      } else {
        try advance()
      }
    }
    return !batch.events.isEmpty
  }

  /// Reads on where the records are the oldest.
  private func advance() throws(CaptureError) {
    var oldest = 0
    for place in feeds.indices where feeds[place].time < feeds[oldest].time { oldest = place }
    if try feeds[oldest].feed.advance(&decoder) {
      feeds[oldest].time = max(feeds[oldest].time, decoder.latest)
      return
    }
    feeds.remove(at: oldest)
    if feeds.isEmpty { decoder.finish() }
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
