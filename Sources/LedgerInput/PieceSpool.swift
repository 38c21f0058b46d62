internal import Glibc
public import LedgerCore

/// One nameless temporary file for the contents of many small files.
public final class PieceSpool {
  private let path: String
  private var descriptor: CInt = -1
  private var size: UInt64 = 0

  /// A spool that errors call `path`; the file is made when the first piece comes.
  public init(path: String) { self.path = path }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends `prefix` and the rest of `content`; where they lie in the file of `finish`.
  ///
  /// Throws `cannotSpool`, and what `content` throws; bytes that were written before stay unused.
  public func append(_ content: ByteSource, prefix: [UInt8]) throws(CaptureError) -> Range<UInt64> {
    if descriptor < 0 { descriptor = try openNameless() }
    let start = size
    var block = prefix
    repeat {
      try writeAll(block, to: descriptor)
      size &+= UInt64(block.count)
      block.removeAll(keepingCapacity: true)
    } while try content.read(into: &block, count: 1 << 18) > 0
    return start..<size
  }

  /// The file with all pieces; the next piece starts a new one.
  public func finish() throws(CaptureError) -> ByteSource {
    if descriptor < 0 { descriptor = try openNameless() }
    let source = ByteSource(path: path, owning: descriptor, size: size, damage: DamageLog())
    descriptor = -1
    size = 0
    return source
  }
}
