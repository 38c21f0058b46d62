internal import Glibc

/// What tells without reading whether a file is still the one that it was.
public struct FileIdentity: Hashable, Sendable {
  /// Bytes.
  public var size: UInt64
  /// Last change of the content, nanoseconds since 1970.
  public var modified: Int64
  /// Last change of content or attributes, nanoseconds since 1970; nobody can set it back.
  public var changed: Int64
  /// Number of the file on its file system.
  public var inode: UInt64
  /// Number of the file system.
  public var device: UInt64

  /// An identity with all its parts.
  public init(size: UInt64, modified: Int64, changed: Int64, inode: UInt64, device: UInt64) {
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
    self.device = device
  }

  /// What a path leads to; nil when it is no regular file.
  public init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    self.init(
      size: UInt64(max(0, status.st_size)), modified: Self.nanoseconds(status.st_mtim),
      changed: Self.nanoseconds(status.st_ctim), inode: UInt64(status.st_ino),
      device: UInt64(status.st_dev))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// False while the file could change once more without a new time: times of files go by ticks of the kernel.
  public func isSettled(at now: Int64) -> Bool { now &- changed > 50_000_000 }

  /// Nanoseconds since 1970, now.
  public static func now() -> Int64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return nanoseconds(time)
  }
}
