internal import Glibc
public import LedgerCore

/// An open file, pipe or standard input that gives its bytes in order, and at any offset when it is a file.
///
/// read(2) into a reused buffer is faster here than mmap(2), works on pipes, and a file that shrinks while
/// it is read gives a short read instead of SIGBUS.
public final class ByteSource: Sendable {
  /// As the user named it, `-` for standard input.
  public let path: String
  /// Size in bytes, nil for pipes and devices.
  public let size: UInt64?
  private let descriptor: CInt

  /// Opens a file for reading; `-` is standard input.
  public convenience init(path: String) throws(CaptureError) {
    guard path != "-" else {
      try self.init(path: path, descriptor: 0)
      return
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: errorText(errno)) }
    try self.init(path: path, descriptor: descriptor)
  }

  private init(path: String, descriptor: CInt) throws(CaptureError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .cannotOpen(path: path, reason: errorText(errno))
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw .isDirectory(path: path) }
    self.path = path
    self.descriptor = descriptor
    self.size = kind == S_IFREG ? UInt64(max(0, status.st_size)) : nil
  }

  /// Takes over an open descriptor of a regular file, as the spool does.
  init(path: String, owning descriptor: CInt, size: UInt64) {
    self.path = path
    self.descriptor = descriptor
    self.size = size
  }

  deinit { if descriptor > 2 { close(descriptor) } }

  /// True when `read(into:count:at:)` may be used.
  public var isSeekable: Bool { size != nil }

  /// Appends up to `count` bytes from the current position to `buffer`; returns how many, 0 at the end.
  public func read(into buffer: inout [UInt8], count: Int) throws(CaptureError) -> Int {
    try fill(&buffer, count: count, offset: nil)
  }

  /// Appends up to `count` bytes from `offset`; fewer only at the end of the file.
  public func read(into buffer: inout [UInt8], count: Int, at offset: UInt64) throws(CaptureError)
    -> Int
  {
    var total = 0
    while total < count {
      let got = try fill(&buffer, count: count - total, offset: offset &+ UInt64(total))
      guard got > 0 else { break }
      total += got
    }
    return total
  }

  private func fill(_ buffer: inout [UInt8], count: Int, offset: UInt64?) throws(CaptureError)
    -> Int
  {
    if let offset, offset > UInt64(Int64.max) { return 0 }
    while true {
      let got = unsafe appendUninitialized(to: &buffer, count: count) { target in
        guard let base = target.baseAddress else { return 0 }
        guard let offset else { return unsafe Glibc.read(descriptor, base, target.count) }
        return unsafe pread(descriptor, base, target.count, off_t(offset))
      }
      if got >= 0 { return got }
      guard errno == EINTR else {
        throw .readFailed(path: path, offset: offset ?? 0, reason: errorText(errno))
      }
    }
  }
}

/// Grows `buffer` by what `fill` writes, without clearing the memory first; returns what `fill` returned.
func appendUninitialized(
  to buffer: inout [UInt8], count: Int, fill: (UnsafeMutableRawBufferPointer) -> Int
) -> Int {
  var got = 0
  buffer.append(addingCapacity: count) { span in
    unsafe span.withUnsafeMutableBufferPointer { room, filled in
      let bytes = UnsafeMutableRawBufferPointer(room)
      got = unsafe fill(.init(rebasing: bytes[filled..<(filled + count)]))
      filled += max(0, min(got, count))
    }
  }
  return got
}

/// The C library's words for an error number.
func errorText(_ code: CInt) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
