internal import Glibc

/// Why bytes could not be written.
public enum WriteError: Error, Sendable, Equatable {
  /// The reader of a pipe is gone (`EPIPE`).
  case closed
  /// The system's words for the failure, with the path when it concerns a file.
  case failed(reason: String)
}

/// Standard output or standard error, unbuffered.
public struct ByteSink: Sendable {
  private let descriptor: CInt

  /// Descriptor 1.
  public static let standardOutput = ByteSink(descriptor: 1)
  /// Descriptor 2.
  public static let standardError = ByteSink(descriptor: 2)

  /// True when a person looks at it.
  public var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes all bytes.
  public func write(_ bytes: [UInt8]) throws(WriteError) {
    try writeAll(bytes, to: descriptor, name: "")
  }
}

/// Files that appear whole or not at all.
public enum WholeFile {
  /// Writes a file: to a temporary name in its folder, flushed to the disk, then renamed.
  ///
  /// The umask applies. A device or pipe that is there already is written to directly. A link that anybody may have made is refused.
  public static func write(_ bytes: [UInt8], to path: String) throws(WriteError) {
    try refuseForeignLinks(path)
    guard !isSpecial(path) else { return try writeDirectly(bytes, to: path) }
    let target = resolved(path)
    let temporary = temporaryName(beside: target)
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path) }
    do throws(WriteError) {
      defer { close(descriptor) }
      try writeAll(bytes, to: descriptor, name: path)
      guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(path) }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
    guard unsafe rename(temporary, target) == 0 else {
      let error = failure(path)
      unsafe unlink(temporary)
      throw error
    }
  }

  /// Writes a file, unless it has these very bytes already.
  public static func update(_ bytes: [UInt8], at path: String) throws(WriteError) {
    if let known = FileIdentity(path: path), known.size == UInt64(bytes.count),
      let source = try? ByteSource(path: path)
    {
      var old: [UInt8] = []
      _ = try? source.read(into: &old, count: bytes.count, at: 0)
      if old == bytes { return }
    }
    try write(bytes, to: path)
  }

  /// Throws when the folder of `path` takes no new file, so that a long run need not end in vain.
  public static func check(_ path: String) throws(WriteError) {
    try refuseForeignLinks(path)
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw .failed(reason: "\(path): is a directory")
    }
    guard !isSpecial(path) else { return }
    let trial = temporaryName(beside: resolved(path))
    let descriptor = unsafe open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    close(descriptor)
    unsafe unlink(trial)
  }

  static func refuseForeignLinks(_ path: String) throws(WriteError) {
    guard let link = ForeignLink.first(on: path) else { return }
    throw .failed(
      reason:
        "\(path): \(link) is a symbolic link in a folder that everybody may write to; not followed")
  }

  private static func writeDirectly(_ bytes: [UInt8], to path: String) throws(WriteError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, name: path)
  }

  static func isSpecial(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return false }
    let kind = status.st_mode & S_IFMT
    return kind != S_IFREG && kind != S_IFDIR
  }

  /// The file a link points to, so that the link stays.
  static func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// A name that nobody else uses, in the same folder and so on the same file system.
  static func temporaryName(beside path: String) -> String {
    folder(of: path) + ".pageledger-\(getpid())-\(UInt32.random(in: 0 ... .max))"
  }

  /// With the slash at its end.
  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "./" }
    return String(path[...slash])
  }

  private static func failure(_ path: String) -> WriteError {
    .failed(reason: "\(path): cannot write: \(errorText(errno))")
  }
}

func writeAll(_ bytes: [UInt8], to descriptor: CInt, name: String) throws(WriteError) {
  var done = 0
  while done < bytes.count {
    let wrote = unsafe bytes.withUnsafeBytes { all in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: all[done...])
      return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
    }
    if wrote >= 0 {
      done += wrote
    } else if errno == EPIPE {
      throw .closed
    } else if errno == EAGAIN {
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = unsafe poll(&wait, 1, -1)
    } else if errno != EINTR {
      let prefix = name.isEmpty ? "" : "\(name): "
      throw .failed(reason: "\(prefix)cannot write: \(errorText(errno))")
    }
  }
}
