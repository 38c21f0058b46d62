import LedgerCore
import LedgerFormat
import LedgerInput

/// Settles how large the sub-buffers of each buffer are.
///
/// Recorders wrote the machine's page size where a buffer's own size was meant, and since Linux 6.8 each buffer may have its own
/// (`buffer_subbuf_size_kb`). When the places that tell disagree, the records decide.
extension TraceDatLayout {
  private static let sizes = 1024...(1 << 22)
  /// Sub-buffers looked at in each CPU's data.
  private static let looks = 32

  /// Replaces the sizes that the file states by those that fit its data.
  ///
  /// A size twice too large contradicts nothing, it hides every second sub-buffer, so that a damaged one must not decide: the size that
  /// finds more whole ones does.
  mutating func settleSubBuffers(_ source: ByteSource) {
    for (_, members) in Dictionary(grouping: extents.indices, by: { extents[$0].instance }) {
      let sizes = Set(members.flatMap { stated(extents[$0]) })
      let found = sizes.count > 1 ? best(of: sizes.sorted(), members, source) : nil
      for index in members {
        let own = stated(extents[index])
        extents[index].subBuffer = found ?? (own.count == 1 ? own.first : nil) ?? page.size
      }
    }
  }

  /// The sizes that the file states for a CPU's sub-buffers, as far as sub-buffers have such sizes.
  private func stated(_ extent: CpuExtent) -> Set<Int> {
    var sizes = Set([extent.subBuffer, page.size])
    if version == 7 { sizes.insert(pageSize) }
    return sizes.filter { Self.sizes.contains($0) && $0 & ($0 - 1) == 0 }
  }

  /// The size of which most sub-buffers of a buffer are filled as they claim, nil when none is.
  private func best(of sizes: [Int], _ members: [Int], _ source: ByteSource) -> Int? {
    var best: (size: Int, whole: Int, broken: Int)?
    for size in sizes {
      let counts = members.map { count(size, extents[$0], source) }
      let whole = counts.reduce(0) { $0 &+ $1.whole }
      let broken = counts.reduce(0) { $0 &+ $1.broken }
      guard whole > (best?.whole ?? 0) || whole == best?.whole && broken < best?.broken ?? 0
      else { continue }
      best = (size, whole, broken)
    }
    return best?.size
  }

  /// How many of the first sub-buffers are filled exactly when they are of this size, and how many are not.
  private func count(_ size: Int, _ extent: CpuExtent, _ source: ByteSource) -> (
    whole: Int, broken: Int
  ) {
    var extent = extent
    extent.subBuffer = size
    var stream = CpuStream(extent, source: source, bigEndian: bigEndian)
    var losses = LossLedger()
    let inflater = Inflater(extent.compression)
    var (whole, broken) = (0, 0)
    while whole + broken < Self.looks,
      (try? stream.advance(inflater, losses: &losses)) == true, !stream.piece.isEmpty
    {
      stream.piece.withRawSpan { bytes in
        var at = 0
        while at &+ size <= bytes.byteCount, whole + broken < Self.looks {
          if isSound(bytes, at, size) { whole += 1 } else { broken += 1 }
          at &+= size
        }
      }
    }
    return (whole, broken)
  }

  /// Blank bytes are the rest of a larger sub-buffer.
  private func isSound(_ bytes: RawSpan, _ at: Int, _ size: Int) -> Bool {
    let used = page.commit(bytes, at: at, bigEndian: bigEndian)
    guard used <= size &- page.data, used > 0 || bytes.u64(at) != 0 else { return false }
    var walk = RecordWalk(
      bytes, ticks: 0, from: at &+ page.data, count: used, bigEndian: bigEndian)
    while walk.next(bytes) != nil {}
    return walk.isWhole
  }
}
