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
  mutating func settleSubBuffers(_ source: ByteSource) {
    var settled: [String: Int] = [:]
    for index in extents.indices {
      let extent = extents[index]
      var sizes = Set([extent.subBuffer, page.size])
      if version == 7 { sizes.insert(pageSize) }
      sizes = sizes.filter { Self.sizes.contains($0) && $0 & ($0 - 1) == 0 }
      if let known = settled[extent.instance] {
        extents[index].subBuffer = known
      } else if sizes.count > 1 {
        let found = sizes.sorted().first { fits($0, extent, source) }
        extents[index].subBuffer = found ?? page.size
        settled[extent.instance] = found
      } else {
        extents[index].subBuffer = sizes.first ?? page.size
      }
    }
  }

  /// True if the first sub-buffers are filled exactly when they are of this size.
  private func fits(_ size: Int, _ extent: CpuExtent, _ source: ByteSource) -> Bool {
    var extent = extent
    extent.subBuffer = size
    var stream = CpuStream(extent, source: source, bigEndian: bigEndian)
    var losses = LossLedger()
    let inflater = Inflater(extent.compression)
    var looked = 0
    while looked < Self.looks, (try? stream.advance(inflater, losses: &losses)) == true {
      guard losses.rows.isEmpty, !stream.piece.isEmpty else { return false }
      let isFilled = stream.piece.withRawSpan { bytes in
        var at = 0
        while at &+ size <= bytes.byteCount, looked < Self.looks {
          guard isSound(bytes, at, size) else { return false }
          at &+= size
          looked += 1
        }
        return true
      }
      guard isFilled else { return false }
    }
    return looked > 0
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
