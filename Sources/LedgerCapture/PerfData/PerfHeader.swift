import LedgerCore
import LedgerInput

/// A place in a perf.data file.
struct PerfSection: Sendable, Equatable {
  var offset: UInt64
  var size: UInt64

  /// The bytes of the section, `UInt64.max` when its end is beyond all numbers.
  var range: Range<UInt64> {
    let (end, overflow) = offset.addingReportingOverflow(size)
    return offset..<(overflow ? .max : end)
  }
}

/// The start of a perf.data (tools/perf/util/header.c:perf_file_header__read, check_magic_endian, 6.1).
struct PerfHeader: Sendable {
  /// How the rest of the file is arranged.
  enum Form: Sendable {
    /// Sections, found by the header.
    case file
    /// The same, written before Linux 3.2.
    case legacy
    /// Nothing but records, as `perf record -o -` writes them.
    case pipe
  }

  var form = Form.file
  var bigEndian = false
  /// Bytes of an attribute with the place of its ids.
  var attributeSize: UInt64 = 0
  var attributes = PerfSection(offset: 0, size: 0)
  var data = PerfSection(offset: 0, size: 0)
  /// Numbers of the feature sections, in the order of their table.
  var features: [Int] = []
  /// The recorder was killed before it wrote how much data there is.
  var isAborted = false

  private static let legacySizes: Set<UInt64> = [80, 88, 96, 112, 120, 128, 136, 144, 152, 160]

  /// Reads the header of a seekable source.
  init(_ source: ByteSource) throws(CaptureError) {
    var cursor = ByteCursor(source, range: 0..<UInt64.max, bigEndian: false)
    let magic = try cursor.bytes(8, "the magic number")
    form = magic.elementsEqual("PERFFILE".utf8) ? .legacy : .file
    bigEndian = magic.elementsEqual("2ELIFREP".utf8)
    cursor.bigEndian = bigEndian
    var size = try cursor.u64("the perf.data header")
    if size == 16 && form == .file {
      form = .pipe
      data = PerfSection(offset: 16, size: .max)
      return
    }
    attributeSize = try cursor.u64("the perf.data header")
    if form == .legacy, !Self.legacySizes.contains(attributeSize) {
      bigEndian = true
      cursor.bigEndian = true
      size = size.byteSwapped
      attributeSize = attributeSize.byteSwapped
    }
    guard size >= 72, size <= 4096, (80...65536).contains(attributeSize) else {
      throw .headerCorrupt(path: source.path, offset: 8, what: "the perf.data header")
    }
    attributes = try Self.section(&cursor)
    data = try Self.section(&cursor)
    _ = try Self.section(&cursor)
    if size >= 104 { try readFeatures(&cursor) }
    isAborted = data.size == 0
    if isAborted {
      data.size = .max
      features = []
    }
  }

  private static func section(_ cursor: inout ByteCursor) throws(CaptureError) -> PerfSection {
    let offset = try cursor.u64("the perf.data header")
    return PerfSection(offset: offset, size: try cursor.u64("the perf.data header"))
  }

  /// 256 bits; 32-bit machines of the other byte order wrote them in halves.
  private mutating func readFeatures(_ cursor: inout ByteCursor) throws(CaptureError) {
    var words: [UInt64] = []
    for _ in 0..<4 { words.append(try cursor.u64("the perf.data header")) }
    if bigEndian, words[0] & 8 == 0, words[0] >> 32 & 8 != 0 {
      words = words.map { $0 << 32 | $0 >> 32 }
    }
    features = (0..<256).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 != 0 }
  }
}
