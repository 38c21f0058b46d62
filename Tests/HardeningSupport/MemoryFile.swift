import Glibc

/// Bytes that can be opened by a path and never touch a disk.
public final class MemoryFile {
  /// Valid in this process, as long as the object lives.
  public let path: String
  private let descriptor: CInt

  /// A file of these bytes; nil when the system gives no more descriptors or memory.
  public init?(_ bytes: [UInt8] = []) {
    var name = Array("/dev/shm/pageledger-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    if descriptor >= 0 { unlink(name) }
    path = "/proc/self/fd/\(descriptor)"
    guard descriptor >= 0, replace(with: bytes) else { return nil }
  }

  deinit { close(descriptor) }

  /// Replaces all bytes.
  @discardableResult
  public func replace(with bytes: [UInt8]) -> Bool {
    guard ftruncate(descriptor, 0) == 0 else { return false }
    var done = 0
    while done < bytes.count {
      let got = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(done))
      }
      guard got > 0 else { return false }
      done += got
    }
    return true
  }
}
