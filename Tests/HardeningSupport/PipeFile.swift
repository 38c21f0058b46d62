import Glibc

/// Bytes that can be opened by a path once, and come through a pipe that has nothing behind them.
final class PipeFile {
  /// Valid in this process, as long as the object lives.
  let path: String
  private let descriptor: CInt

  /// Linux lets every user have so much in a pipe.
  static let room = 1 << 20

  /// A pipe with these bytes; nil when they are too many, or the system gives none.
  init?(_ bytes: [UInt8]) {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    descriptor = ends[0]
    path = "/proc/self/fd/\(descriptor)"
    defer { close(ends[1]) }
    // F_SETPIPE_SZ, which glibc names for GNU programs only: include/uapi/linux/fcntl.h.
    guard fcntl(ends[1], 1031, CInt(Self.room)) >= bytes.count else { return nil }
    let wrote = bytes.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
    guard wrote == bytes.count else { return nil }
  }

  deinit { close(descriptor) }
}
