public import LedgerCore

/// The checksum of an input as it lies outside: a file, a pipe, or a folder.
public struct InputDigest: Sendable, Equatable {
  /// As the user named it; an archive when a member of it was asked for.
  public var path: String
  /// 64 hexadecimal digits.
  public var sha256: String
  /// Bytes that were summed.
  public var bytes: UInt64
  /// Files of a folder; nil for anything else.
  public var files: Int?

  /// A checksum that is known.
  public init(path: String, sha256: String, bytes: UInt64, files: Int? = nil) {
    self.path = path
    self.sha256 = sha256
    self.bytes = bytes
    self.files = files
  }

  /// Sums a folder as `find -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum` does in it.
  ///
  /// Throws when a file cannot be read.
  public init(folder path: String) throws(CaptureError) {
    let files = try FileTree(path: path).files.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    var list = SHA256()
    var bytes: UInt64 = 0
    for file in files {
      let digest = try ByteSource(path: file.path).digest()
      list.update(Array("\(digest.sha256)  \(file.name)\n".utf8))
      bytes &+= digest.bytes
    }
    self.init(path: path, sha256: list.hexadecimal, bytes: bytes, files: files.count)
  }
}

extension ByteSource {
  /// The checksum of the whole file, read again from its start; of a pipe that was opened to be summed, of what was read.
  public func digest() throws(CaptureError) -> InputDigest {
    guard isSeekable else {
      let sum = summed
      return InputDigest(path: path, sha256: sum.hexadecimal, bytes: sum.count)
    }
    var sum = SHA256()
    var buffer: [UInt8] = []
    let piece = 1 << 18
    while true {
      buffer.removeAll(keepingCapacity: true)
      let got = try read(into: &buffer, count: piece, at: sum.count)
      sum.update(buffer)
      guard got == piece else { break }
    }
    return InputDigest(path: path, sha256: sum.hexadecimal, bytes: sum.count)
  }
}
