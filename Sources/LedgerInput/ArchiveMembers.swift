public import LedgerCore

/// The regular files of an archive, one after another; their names are words, never paths to write to.
public final class ArchiveMembers {
  private let layer: ArchiveLayer
  private let source: ByteSource
  private let budget: ExpandBudget

  /// Starts at the first member; `prefix` are bytes that were already taken from `source`.
  ///
  /// All members together give at most the bytes of `budget`. Damage goes to the account of `source`.
  public init(_ source: ByteSource, _ packing: Packing, prefix: [UInt8], budget: ExpandBudget)
    throws(CaptureError)
  {
    self.source = source
    self.budget = budget
    layer = try ArchiveLayer(
      PackedInput(source, prefix: prefix, form: packing.rawValue), packing)
  }

  /// The next member, nil at the end; its bytes can be read until the next call.
  public func next() throws(CaptureError) -> (name: String, content: ByteSource)? {
    guard let name = try layer.nextMember() else { return nil }
    let path = "\(source.path)!\(name)"
    let content = BoundedLayer(layer, path: path, budget: budget)
    return (name, ByteSource(path: path, layer: content, damage: source.damage))
  }
}
