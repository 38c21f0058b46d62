internal import LedgerInput
internal import LedgerReport

/// Size and look of an input as an earlier look at it told, so that a plan can be made where the file is not.
struct ToldIdentity: Sendable, Equatable {
  static let sizeLabel = "size"
  static let seenLabel = "seen"

  /// Bytes.
  var size: UInt64
  /// Changes with the file; empty when only the size was told.
  var seen: String

  /// What the labels of an entry tell; nil without a size.
  init?(_ labels: [Label]) {
    guard let words = labels.first(where: { $0.name == Self.sizeLabel })?.value,
      let size = UInt64(words)
    else { return nil }
    self.size = size
    seen = labels.first { $0.name == Self.seenLabel }?.value ?? ""
  }

  /// What is told of the files of a folder; nil when one of them tells nothing.
  init?(joining files: [BatchInput]) {
    size = 0
    let hash = ContentHash()
    for file in files.sorted(by: { precedes($0.path, $1.path) }) {
      guard let told = file.told else { return nil }
      size = sum(size, told.size)
      hash.add(Array("\(file.path)\n\(told.size) \(told.seen)\n".utf8))
    }
    let isSeen = files.allSatisfy { $0.told?.seen.isEmpty == false }
    seen = isSeen ? ContentKey.digits(hash.key.low) : ""
  }

  /// What a look at the file tells; the device is left out, because each machine numbers its own.
  init(_ identity: FileIdentity) {
    size = identity.size
    let words = "\(identity.size) \(identity.modified) \(identity.changed) \(identity.inode)"
    seen = ContentKey.digits(ContentKey(of: Array(words.utf8)).low)
  }
}

extension BatchInput {
  /// The input as a line of a manifest, with `size` in bytes and `seen`, which changes with the file; both are missing when there is no
  /// such file.
  public var line: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("path", path)
      for label in labels
      where label.name != ToldIdentity.sizeLabel && label.name != ToldIdentity.seenLabel {
        writer.member(label.name, label.value)
      }
      guard let told = told ?? identity.map(ToldIdentity.init) else { return }
      writer.member(ToldIdentity.sizeLabel, told.size)
      if !told.seen.isEmpty { writer.member(ToldIdentity.seenLabel, told.seen) }
    }
    writer.endLine()
    return writer.bytes
  }
}
