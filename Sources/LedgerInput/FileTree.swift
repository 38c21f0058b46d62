internal import Glibc
public import LedgerCore

/// The regular files below a folder, by name; links are not followed and other file systems not entered.
public struct FileTree: Sendable {
  /// One file below the folder.
  public struct Entry: Sendable {
    /// Its path below the folder, without a leading `./`.
    public let name: String
    /// Where it can be opened.
    public let path: String
    /// What tells it from others.
    public let identity: FileIdentity
  }

  /// Files in the order of their paths, each folder's files together.
  public private(set) var files: [Entry] = []
  /// Folders that were left out: too deep, on another file system, unreadable.
  public private(set) var skipped: [String] = []

  /// Longest chain of folders; a longer one is no capture's.
  private static let depthLimit = 32
  /// Most files of one capture.
  public static let fileLimit = 1 << 18
  private let fileLimit: Int
  private static let skippedLimit = 1 << 16

  /// Lists the folder `path`. Throws when it cannot be opened, or is a tracefs or debugfs: reading the raw buffers
  /// of a live kernel takes their events away.
  public init(path: String, fileLimit: Int = Self.fileLimit) throws(CaptureError) {
    self.fileLimit = fileLimit
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw .cannotOpen(path: path, reason: errorText(errno))
    }
    if Self.isLive(device: UInt64(status.st_dev), mounts: Self.mounts()) {
      throw .unsupported(path: path, what: Self.liveAdvice)
    }
    let isListed = list(path, prefix: "", device: status.st_dev, depth: 0)
    guard isListed else { throw .cannotOpen(path: path, reason: errorText(errno)) }
  }

  /// True if a text like `/proc/self/mountinfo` says that `device` is a tracefs or debugfs (Documentation/filesystems/proc.rst, 3.5).
  public static func isLive(device: UInt64, mounts: String) -> Bool {
    let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
    let minor = device & 0xff | (device >> 12) & ~0xff
    let number = "\(major):\(minor)"
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 3, words[2] == number, let dash = words.firstIndex(of: "-"),
        dash + 1 < words.count
      else { continue }
      if words[dash + 1] == "tracefs" || words[dash + 1] == "debugfs" { return true }
    }
    return false
  }

  private static func mounts() -> String {
    var text: [UInt8] = []
    guard let source = try? ByteSource(path: "/proc/self/mountinfo") else { return "" }
    while text.count < 1 << 22, let got = try? source.read(into: &text, count: 1 << 16), got > 0 {}
    return String(decoding: text, as: UTF8.self)
  }

  private static let liveAdvice = """
    a live tracefs (reading its raw buffers takes the events away): stop tracing and copy it, as in: cd /sys/kernel/tracing; \
    for f in per_cpu/cpu*/stats per_cpu/cpu*/trace_pipe_raw events/header_page events/*/*/format saved_cmdlines trace_clock; \
    do mkdir -p /tmp/snap/$(dirname $f); timeout 2 cat $f >/tmp/snap/$f; done; cat /proc/kallsyms >/tmp/snap/kallsyms; \
    reading it in place
    """

  private mutating func list(_ path: String, prefix: String, device: dev_t, depth: Int) -> Bool {
    guard let names = Self.names(in: path) else { return false }
    var folders: [String] = []
    for name in names {
      var status = stat()
      let full = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      guard unsafe lstat(full, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFREG where files.count < fileLimit:
        files.append(Entry(name: prefix + name, path: full, identity: FileIdentity(status)))
      case S_IFDIR where status.st_dev == device && depth < Self.depthLimit: folders.append(name)
      default: skip(prefix + name)
      }
    }
    for name in folders {
      let full = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      if !list(full, prefix: "\(prefix)\(name)/", device: device, depth: depth + 1) {
        skip(prefix + name)
      }
    }
    return true
  }

  private mutating func skip(_ name: String) {
    if skipped.count < Self.skippedLimit { skipped.append(name) }
  }

  /// Names in a folder, sorted; nil when it cannot be read.
  static func names(in path: String) -> [String]? {
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

extension ByteSource {
  /// What a path of the command line leads to.
  public enum PathKind: Sendable {
    case file, folder, missing
  }

  /// Looks at a path without opening it; `-` is a file.
  public static func kind(ofPath path: String) -> PathKind {
    if path == "-" { return .file }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missing : .file
    }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }
}
