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
    let layout = try TraceDatLayout.read(source)
    records = RecordDecoder(
      layout.formats, functions: layout.probedFunctions, bigEndian: layout.bigEndian,
      release: layout.kernel)
    self.source = source
    self.layout = layout
    groups = layout.groups(source, records)
  }

  /// The instances of each group by which it may be asked for, the one that it is called by first; `top` is the top buffer.
  var names: [[String]] { groups.map { $0.names.map { $0.isEmpty ? "top" : $0 } } }

  /// A reader of one group, or of all buffers for nil; `text` of a latency tracer is read as text.
  ///
  /// Who reads all buffers may get the same event twice.
  func reader(group: Int?, detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    if let text = layout.text {
      let source = source.section(
        text.offset, size: text.size, compression: text.compression,
        bigEndian: layout.bigEndian)
      return try FtraceTextReader.open(source, prefix: [], detail: detail)
    }
    let clock = groups.count == 1 ? groups[0].clock : layout.clock
    let all = BufferGroup(clock: clock, names: groups.flatMap(\.names), ids: [])
    return TraceDatReader(self, group: group.map { groups[$0] } ?? all, detail: detail)
  }
}
