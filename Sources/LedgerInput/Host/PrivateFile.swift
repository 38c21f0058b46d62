internal import Glibc

/// A file that only its owner may read, and that appears whole or not at all.
public final class PrivateFile {
  /// The path it will have.
  public let path: String
  /// Bytes written so far.
  public private(set) var size: UInt64 = 0
  private let temporary: String
  private let descriptor: CInt
  private var isCommitted = false

  /// Begins a file, under another name in the same folder.
  public init(path: String) throws(WriteError) {
    try WholeFile.refuseForeignLinks(path)
    self.path = WholeFile.resolved(path)
    temporary = WholeFile.temporaryName(beside: self.path)
    descriptor = unsafe open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .failed(reason: "\(path): cannot write: \(errorText(errno))")
    }
  }

  deinit {
    close(descriptor)
    if !isCommitted { _ = unsafe unlink(temporary) }
  }

  /// Writes bytes at the end.
  public func append(_ bytes: [UInt8]) throws(WriteError) {
    try writeAll(bytes, to: descriptor, name: path)
    size &+= UInt64(bytes.count)
  }

  /// Fills up with zeros to a multiple of `unit` bytes.
  public func pad(to unit: Int) throws(WriteError) {
    let rest = Int(size % UInt64(max(1, unit)))
    if rest > 0 { try append([UInt8](repeating: 0, count: unit - rest)) }
  }

  /// Copies what a CPU's reader has saved.
  public func append(_ raw: RawBuffer) throws(WriteError) {
    var offset: UInt64 = 0
    while offset < raw.size {
      let bytes = raw.bytes(at: offset, count: 1 << 20)
      guard !bytes.isEmpty else { throw .failed(reason: "\(path): \(errorText(EIO))") }
      try append(bytes)
      offset &+= UInt64(bytes.count)
    }
  }

  /// Gives the file its name.
  public func commit() throws(WriteError) {
    guard fsync(descriptor) == 0 || errno == EINVAL, unsafe rename(temporary, path) == 0 else {
      throw .failed(reason: "\(path): cannot write: \(errorText(errno))")
    }
    isCommitted = true
  }
}
