internal import LedgerCore

extension ByteSource {
  /// A part of a seekable source as a source of its own, in pieces when it is compressed.
  ///
  /// The pieces are those of trace.dat: their number, then for each the packed and the inflated size and the bytes
  /// (trace-cmd 3.1.6, lib/trace-cmd/trace-compress.c:tracecmd_uncompress_copy_to). A piece that cannot be inflated ends the part.
  public func section(_ offset: UInt64, size: UInt64, compression: Compression, bigEndian: Bool)
    -> ByteSource
  {
    let (end, overflow) = offset.addingReportingOverflow(size)
    let cursor = ByteCursor(
      self, range: offset..<(overflow ? .max : end), bigEndian: bigEndian)
    let layer = SectionLayer(cursor, compression, damage)
    return ByteSource(
      path: path,
      layer: BoundedLayer(layer, path: path, budget: ExpandBudget(Self.expandLimit)),
      damage: damage)
  }
}

/// Gives the bytes of a section one after another.
private final class SectionLayer: ByteLayer, @unchecked Sendable {
  private var cursor: ByteCursor
  private let compression: Compression
  private let inflater: Inflater
  private let damage: DamageLog
  private var piece: [UInt8] = []
  private var at = 0
  private var left: UInt32?

  private static let pieceLimit: UInt32 = 1 << 26

  init(_ cursor: ByteCursor, _ compression: Compression, _ damage: DamageLog) {
    self.cursor = cursor
    self.compression = compression
    self.damage = damage
    inflater = Inflater(compression)
  }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    if at == piece.count {
      at = 0
      piece.removeAll(keepingCapacity: true)
      if compression == .none {
        try cursor.read(min(cursor.remaining, 1 << 16), into: &piece)
      } else {
        try inflateNext()
      }
    }
    let count = min(target.count, piece.count - at)
    unsafe piece[at..<(at + count)].withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    at += count
    return count
  }

  private func inflateNext() throws(CaptureError) {
    do throws(CaptureError) {
      if left == nil { left = try cursor.u32("number of pieces") }
      let count = left ?? 0
      guard count > 0 else { return }
      let packed = UInt64(try cursor.u32("piece"))
      let size = try cursor.u32("piece")
      left = count &- 1
      guard size > 0, size <= Self.pieceLimit,
        try cursor.inflate(packed, to: Int(size), with: inflater, into: &piece)
      else {
        piece.removeAll()
        left = 0
        return damage.add(.corruptChunk, "text before offset \(cursor.offset)")
      }
    } catch .headerTruncated(_, let offset, _) {
      left = 0
      damage.add(.truncated, "text at offset \(offset)")
    }
  }
}
