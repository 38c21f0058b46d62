public import LedgerCore

/// The regular files of an archive, one after another; their names are words, never paths to write to.
public final class ArchiveMembers {
  private let layer: ArchiveLayer
  private let source: ByteSource
  private let limit: UInt64

  /// Starts at the first member; `prefix` are bytes that were already taken from `source`.
  ///
  /// A member gives at most `limit` bytes. Damage goes to the account of `source`.
  public init(_ source: ByteSource, _ packing: Packing, prefix: [UInt8], limit: UInt64)
    throws(CaptureError)
  {
    self.source = source
    self.limit = limit
    layer = try ArchiveLayer(
      PackedInput(source, prefix: prefix, form: packing.rawValue), packing)
  }

  /// The next member, nil at the end; its bytes can be read until the next call.
  public func next() throws(CaptureError) -> (name: String, content: ByteSource)? {
    guard let name = try layer.nextMember() else { return nil }
    let content = BoundedLayer(layer, path: source.path, limit: limit)
    return (name, ByteSource(path: source.path, layer: content, damage: source.damage))
  }
}
