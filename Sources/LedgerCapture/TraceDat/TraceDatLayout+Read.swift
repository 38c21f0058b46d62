import LedgerCore
import LedgerFormat
import LedgerInput

extension TraceDatLayout {
  /// Reads all metadata of a trace.dat.
  static func read(_ source: ByteSource) throws(CaptureError) -> TraceDatLayout {
    var layout = TraceDatLayout()
    var cursor = ByteCursor(source, range: 0..<UInt64.max, bigEndian: false)
    let version = try layout.readOpening(&cursor)
    // Some builds of trace-cmd 2.8 left the version of their v6 files empty.
    layout.version = version.isEmpty ? 6 : Int(version) ?? 0
    guard layout.version == 6 || layout.version == 7 else {
      throw .unsupported(path: source.path, what: "trace.dat version \"\(version)\"")
    }
    if layout.version == 6 {
      var reader = Version6(source: source, layout: layout)
      try reader.read(&cursor)
      layout = reader.layout
    } else {
      let name = try cursor.string(limit: 64, "the compression")
      guard let compression = Compression(rawValue: name) else {
        throw .unsupported(path: source.path, what: "trace.dat compressed with \"\(name)\"")
      }
      layout.compression = compression
      _ = try cursor.string(limit: 256, "the version of the compression")
      let first = try cursor.u64("the offset of the options")
      var reader = Version7(source: source, layout: layout)
      try reader.read(first: first, sections: cursor.offset)
      layout = reader.layout
    }
    layout.settle(source)
    return layout
  }

  /// What all versions start with, and the tracing data of perf.data too; returns the version.
  mutating func readOpening(_ cursor: inout ByteCursor) throws(CaptureError) -> String {
    try cursor.skip(10, "the magic number")
    let version = try cursor.string(limit: 16, "the version")
    bigEndian = try cursor.u8("the byte order") == 1
    cursor.bigEndian = bigEndian
    _ = try cursor.u8("the size of a long")
    pageSize = Int(try cursor.u32("the page size"))
    return version
  }

  /// Settles sizes of sub-buffers, the number of CPUs, and what the statistics say was lost.
  private mutating func settle(_ source: ByteSource) {
    keepExtentsApart()
    settleSubBuffers(source)
    extents.sort { ($0.cpu, $0.instance) < ($1.cpu, $1.instance) }
    cpus = max(cpus, (extents.map(\.cpu).max() ?? -1) + 1)
    accountStatistics()
  }

  /// Accounts what the statistics say was lost.
  mutating func accountStatistics() {
    for cpu in statistics {
      let rows: [(String, UInt64)] = [
        ("overrun", cpu.overrun), ("commit overrun", cpu.commitOverrun),
        ("dropped events", cpu.dropped),
      ]
      for (name, count) in rows where count > 0 {
        let buffer = cpu.instance.isEmpty ? "" : " of instance \(cpu.instance)"
        losses.add(
          .overrun, count: count, cpu: cpu.cpu,
          detail:
            "\(name) in the kernel's statistics\(buffer); contains losses that sub-buffers show"
        )
      }
    }
  }
}
