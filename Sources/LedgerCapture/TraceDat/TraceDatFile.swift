import LedgerCore
import LedgerFormat
import LedgerInput

/// A trace.dat, opened: which captures it holds.
///
/// Buffers with one clock are one capture; instances with a clock of their own, and those that recorded the same events
/// once more, are captures apart.
struct TraceDatFile {
  let source: ByteSource
  let layout: TraceDatLayout
  let records: RecordDecoder
  /// At least one.
  let groups: [BufferGroup]

  /// Reads the layout of a seekable source.
  init(_ source: ByteSource) throws(CaptureError) {
    var layout = try TraceDatLayout.read(source)
    records = RecordDecoder(
      layout.formats, functions: layout.probedFunctions, bigEndian: layout.bigEndian)
    layout.kallsyms = []
    self.source = source
    self.layout = layout
    groups = layout.groups(source, records)
  }

  /// A name for each group: that of its first instance, empty for the one with the top buffer.
  var names: [String] { groups.map { $0.names.first ?? "" } }

  /// A reader of one group; `text` of a latency tracer is read as text.
  func reader(group: Int, detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    if let text = layout.text {
      let source = source.section(
        text.offset, size: text.size, compression: text.compression,
        bigEndian: layout.bigEndian)
      return try FtraceTextReader(source: source, prefix: [], detail: detail)
    }
    return TraceDatReader(self, group: groups[group], detail: detail)
  }
}

extension TraceDatFile {
  /// A reader of the first group, which counts the others as left out; of all buffers when the events are only listed.
  func reader(detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    if detail == .fields, layout.text == nil {
      let all = BufferGroup(clock: layout.clock, names: groups.flatMap(\.names), ids: [])
      return TraceDatReader(self, group: all, detail: detail)
    }
    let reader = try reader(group: 0, detail: detail)
    guard let records = reader as? TraceDatReader else { return reader }
    for name in groups.dropFirst().flatMap(\.names) { records.leaveOut(name) }
    return records
  }
}
