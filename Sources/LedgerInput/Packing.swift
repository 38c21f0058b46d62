public import LedgerCore

/// A form of packing that can be taken off while reading.
public enum Packing: String, Sendable, CaseIterable {
  case gzip, zstd, xz, bzip2, lz4
  case tar, zip
  /// One stream of RFC 1951 or RFC 1950, which the kernel keeps in pstore; recognised by what comes out.
  case deflate, zlib

  /// Holds files with names, so that one of them must be chosen.
  public var isArchive: Bool { self == .tar || self == .zip }

  /// As zlib's inflateInit2 wants to be told: 16 asks for the form of gzip, a negative number for no form at all.
  var windowBits: CInt {
    switch self {
    case .zlib: 15
    case .deflate: -15
    default: 15 + 16
    }
  }
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
    case .gzip, .deflate, .zlib: layer = try GzipLayer(input, packing)
    case .zstd: layer = try ZstdLayer(input)
    default: layer = try ArchiveLayer(input, packing)
    }
    return ByteSource(
      path: path, layer: BoundedLayer(layer, path: path, budget: budget), damage: damage)
  }
}
