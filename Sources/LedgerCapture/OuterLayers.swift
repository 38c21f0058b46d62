import LedgerCore
import LedgerInput

/// An input whose packing is taken off, layer by layer, until what it holds shows.
struct OuterLayers {
  /// More layers than this are no accident.
  private static let depth = 4

  private(set) var source: ByteSource
  /// Bytes that were read to recognise the kind.
  private(set) var prefix: [UInt8]
  /// What the first bytes say; never a packing.
  private(set) var kind = SniffedKind.text
  /// Names of the layers, the outermost first.
  private(set) var names: [String] = []

  /// Peels an opened input; a layer may give at most `limit` bytes.
  init(_ input: ByteSource, limit: UInt64) throws(CaptureError) {
    source = input
    prefix = try source.prefix(CaptureSniffer.prefixSize)
    guard !prefix.isEmpty else { throw .empty(path: source.path) }
    kind = CaptureSniffer.sniff(prefix)
    while case .packed(let packing) = kind {
      guard names.count < Self.depth else {
        throw .unsupported(path: source.path, what: "packing in more than \(Self.depth) layers")
      }
      names.append(packing.rawValue)
      if packing.isArchive {
        source = try ArchivePick(source, packing, prefix: prefix, limit: limit).capture()
      } else {
        source = try source.inflated(packing, prefix: prefix, limit: limit)
      }
      prefix = try source.prefix(CaptureSniffer.prefixSize)
      guard !prefix.isEmpty else { throw nothing(in: packing) }
      kind = CaptureSniffer.sniff(prefix)
    }
  }

  /// Why a layer gives no byte at all.
  private func nothing(in packing: Packing) -> CaptureError {
    guard let loss = source.damage.losses.rows.first else { return .empty(path: source.path) }
    return .notACapture(path: source.path, hint: "nothing can be unpacked: \(loss.detail)")
  }
}

extension ByteSource {
  /// Reads until `count` bytes are there or the source ends.
  func prefix(_ count: Int) throws(CaptureError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard try read(into: &bytes, count: count - bytes.count) > 0 else { break }
    }
    return bytes
  }
}
