public import LedgerCore

/// A form of packing that can be taken off while reading.
public enum Packing: String, Sendable, CaseIterable {
  case gzip, zstd, xz, bzip2, lz4
  case tar, zip

  /// Holds files with names, so that one of them must be chosen.
  public var isArchive: Bool { self == .tar || self == .zip }
}

extension ByteSource {
  /// How many bytes one layer may give unless the user says otherwise: 64 GiB.
  public static let expandLimit: UInt64 = 64 << 30

  /// What a compressed source holds; `prefix` are bytes that were already taken from it.
  ///
  /// Bytes are inflated as they are read, by the thread that reads. Data that ends too early or is damaged
  /// gives the bytes before that place and a row in `damage`. More bytes than `budget` has throw `expandsTooFar`.
  public func inflated(_ packing: Packing, prefix: [UInt8], budget: ExpandBudget)
    throws(CaptureError) -> ByteSource
  {
    let input = PackedInput(self, prefix: prefix, form: packing.rawValue)
    let layer: any ByteLayer
    switch packing {
    case .gzip: layer = try GzipLayer(input)
    case .zstd: layer = try ZstdLayer(input)
    default: layer = try ArchiveLayer(input, packing)
    }
    return ByteSource(
      path: path, layer: BoundedLayer(layer, path: path, budget: budget), damage: damage)
  }
}
