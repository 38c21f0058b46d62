internal import Glibc

/// A file that grows at its end and is read anywhere.
public final class AppendFile {
  /// As opened.
  public let path: String
  /// Bytes that count; what a failed write left behind them is cut off by the next one.
  public private(set) var size: UInt64
  private let descriptor: CInt

  /// Opens a file, made when it is not there.
  public init(path: String, empty: Bool = false) throws(WriteError) {
    self.path = path
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | (empty ? O_TRUNC : 0), 0o666)
    guard descriptor >= 0 else {
      throw .failed(reason: "\(path): cannot write: \(errorText(errno))")
    }
    size = UInt64(max(0, lseek(descriptor, 0, SEEK_END)))
  }

  deinit { close(descriptor) }

  /// Writes bytes at the end; when it fails, the file is as long as before.
  public func append(_ bytes: [UInt8]) throws(WriteError) {
    var done = 0
    while done < bytes.count {
      guard let place = off_t(exactly: size &+ UInt64(done)) else { throw failure(EFBIG) }
      let wrote = unsafe bytes.withUnsafeBytes { all in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: all[done...])
        return unsafe pwrite(descriptor, rest.baseAddress, rest.count, place)
      }
      if wrote > 0 {
        done += wrote
      } else if wrote < 0, errno == EINTR {
        continue
      } else {
        let error = failure(wrote == 0 ? ENOSPC : errno)
        _ = ftruncate(descriptor, off_t(size))
        throw error
      }
    }
    size &+= UInt64(bytes.count)
  }

  /// Cuts the file.
  public func truncate(to size: UInt64) throws(WriteError) {
    guard let place = off_t(exactly: size), ftruncate(descriptor, place) == 0 else {
      throw failure(errno)
    }
    self.size = size
  }

  /// Waits until all bytes are on the disk.
  public func sync() throws(WriteError) {
    guard fdatasync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw failure(errno)
    }
  }

  /// Bytes from `offset`; fewer at the end of the file.
  public func read(at offset: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let place = off_t(exactly: offset &+ UInt64(bytes.count)) {
      let wanted = count - bytes.count
      let got = unsafe appendUninitialized(to: &bytes, count: wanted) { target in
        unsafe pread(descriptor, target.baseAddress, target.count, place)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { break }
    }
    return bytes
  }

  private func failure(_ code: CInt) -> WriteError {
    .failed(reason: "\(path): cannot write: \(errorText(code))")
  }
}
