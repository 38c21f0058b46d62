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

  /// The shape that the sub-buffers at the starts of the pieces agree with, `described` before others; nil when none does.
  ///
  /// A wrong size shows in sub-buffers that start in the middle of others: their records do not fill what they claim, or their time
  /// runs backwards. A size that hides half of the sub-buffers behind the others contradicts nothing, so that a damaged one must not
  /// decide: the shape that finds more whole ones does.
  static func find(_ pieces: [SnapshotPiece], described: PageHeader?) throws(CaptureError) -> Self?
  {
    var samples: [[UInt8]] = []
    for piece in pieces.prefix(64) { samples.append(try piece.bytes(limit: trial)) }
    var tries: [(shape: Self, weight: Weight)] = []
    for shape in shapes(described) {
      tries.append((shape, shape.weigh(samples)))
      if tries[tries.count - 1].weight.suits { break }
    }
    tries.removeAll {
      !$0.weight.suitsMostly && !($0.shape.page == described && $0.weight.suitsHalf)
    }
    guard let best = tries.first(where: { $0.weight.suits }) ?? tries.first else { return nil }
    let better = tries.first { other in
      guard other.shape.page.size < best.shape.page.size else { return false }
      let isDescribed = other.shape.page == described
      return other.weight.whole > best.weight.whole
        || isDescribed && other.weight.whole == best.weight.whole
    }
    return (better ?? best).shape
  }

  /// What samples say of a shape.
  private struct Weight {
    var records = 0
    var whole = 0
    var broken = 0

    private var isFilled: Bool { records > 0 && whole > 0 }
    var suits: Bool { isFilled && broken == 0 }
    var suitsHalf: Bool { isFilled && whole >= broken }
    var suitsMostly: Bool { isFilled && whole / 2 >= broken }
    /// Nothing that follows can make up for this.
    var isHopeless: Bool { broken >= 16 && broken > whole }
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

  private func weigh(_ samples: [[UInt8]]) -> Weight {
    var weight = Weight()
    for sample in samples where !weight.isHopeless { weigh(sample, &weight) }
    return weight
  }

  private func weigh(_ sample: [UInt8], _ weight: inout Weight) {
    sample.withRawSpan { bytes in
      var last: UInt64 = 0
      var at = 0
      while page.data <= bytes.byteCount &- at, !weight.isHopeless {
        defer { at &+= page.size }
        let room = min(page.size, bytes.byteCount &- at)
        let time = time(bytes, at)
        let isLater = time >= last
        // Blank bytes behind others are the rest of a larger one.
        if time != 0 { last = time }
        guard isLater, let used = used(bytes, at), used <= page.size &- page.data else {
          weight.broken += 1
          continue
        }
        // The last one may be cut.
        guard page.data &+ used <= room else { return }
        var walk = RecordWalk(
          bytes, ticks: time, from: at &+ page.data, count: used, bigEndian: bigEndian)
        var records = 0
        while walk.next(bytes) != nil { records += 1 }
        if walk.isWhole {
          weight.whole += 1
          weight.records += records
        } else {
          weight.broken += 1
        }
      }
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
