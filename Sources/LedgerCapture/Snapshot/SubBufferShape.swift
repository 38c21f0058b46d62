import LedgerCore
import LedgerFormat
import LedgerInput

/// Finds out how the sub-buffers of a snapshot are laid out, and proves it on their contents.
struct SubBufferShape: Equatable {
  var page: PageHeader
  var bigEndian: Bool

  /// Sizes that kernels use (`buffer_subbuf_size_kb` since 6.8, the page size before), the smallest first.
  private static let sizes = (0...8).map { 4096 << $0 }
  /// Bytes of each CPU that a shape is tried on.
  private static let trial = 1 << 20

  /// The shape that all sub-buffers at the starts of the pieces agree with, `described` before others; nil when none does.
  ///
  /// A wrong size shows in sub-buffers that start in the middle of others: their records do not fill what they claim, or their time
  /// runs backwards.
  static func find(_ pieces: [SnapshotPiece], described: PageHeader?) throws(CaptureError) -> Self?
  {
    var samples: [[UInt8]] = []
    for piece in pieces.prefix(64) { samples.append(try piece.bytes(limit: trial)) }
    for shape in shapes(described) where shape.suits(samples) { return shape }
    return nil
  }

  private static func shapes(_ described: PageHeader?) -> [Self] {
    var shapes: [Self] = []
    if let described {
      shapes = [false, true].map { Self(page: described, bigEndian: $0) }
    }
    for long in [8, 4] {
      for bigEndian in [false, true] {
        shapes += sizes.map {
          Self(page: PageHeader(size: $0, long: long), bigEndian: bigEndian)
        }
      }
    }
    return shapes
  }

  private func suits(_ samples: [[UInt8]]) -> Bool {
    var records = 0
    var whole = 0
    for sample in samples {
      guard let found = count(sample) else { return false }
      records += found.records
      whole += found.whole
    }
    return records > 0 && whole > 0
  }

  /// Records and sub-buffers of a sample; nil when it contradicts the shape.
  private func count(_ sample: [UInt8]) -> (records: Int, whole: Int)? {
    sample.withRawSpan { bytes in
      var found = (records: 0, whole: 0)
      var last: UInt64 = 0
      var at = 0
      while at < bytes.byteCount {
        let room = min(page.size, bytes.byteCount &- at)
        guard room >= page.data else { return found }
        guard let used = used(bytes, at), used <= page.size &- page.data else { return nil }
        let time = time(bytes, at)
        guard time >= last else { return nil }
        last = time
        // The last one may be cut.
        guard page.data &+ used <= room else {
          return room < page.size ? found : nil
        }
        var walk = RecordWalk(
          bytes, ticks: time, from: at &+ page.data, count: used, bigEndian: bigEndian)
        while walk.next(bytes) != nil { found.records += 1 }
        guard walk.isWhole else { return nil }
        found.whole += 1
        at &+= page.size
      }
      return found
    }
  }

  /// Bytes of records that the sub-buffer at `at` claims; nil when its commit word has other bits than the kernel sets.
  func used(_ bytes: RawSpan, _ at: Int) -> Int? {
    let isLong = page.long == 8
    let low = load32(bytes, at &+ 8 &+ (bigEndian && isLong ? 4 : 0))
    if isLong {
      let high = load32(bytes, at &+ 8 &+ (bigEndian ? 0 : 4))
      guard high == 0 || high == .max else { return nil }
    }
    guard low & 0x3800_0000 == 0 else { return nil }
    return Int(low & 0x07ff_ffff)
  }

  private func time(_ bytes: RawSpan, _ at: Int) -> UInt64 {
    bigEndian ? bytes.u64(at).byteSwapped : bytes.u64(at)
  }

  private func load32(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    bigEndian ? bytes.u32(at).byteSwapped : bytes.u32(at)
  }
}
