internal import Glibc

/// Files of the running kernel: read whole, written with one call, as tracefs wants it.
public enum HostFile {
  /// A file's bytes, up to `limit`; nil when it cannot be read.
  public static func bytes(_ path: String, limit: Int = 1 << 26) -> [UInt8]? {
    guard let source = try? ByteSource(path: path) else { return nil }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      guard let got = try? source.read(into: &bytes, count: min(1 << 16, limit - bytes.count))
      else { return nil }
      guard got > 0 else { break }
    }
    return bytes
  }

  /// A file's text; nil when it cannot be read.
  public static func text(_ path: String, limit: Int = 1 << 26) -> String? {
    bytes(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Why a path cannot be used.
  public struct Refusal: Error, Sendable, Equatable {
    /// The system's error number.
    public var code: Int32
    /// The system's words for it.
    public var reason: String
  }

  /// Gives a line to a file of tracefs, which takes it whole or refuses it; `appends` keeps what it holds.
  ///
  /// No file is made where there is none.
  public static func write(_ text: String, to path: String, appends: Bool = false)
    throws(Refusal)
  {
    let flags = O_WRONLY | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC)
    let descriptor = unsafe open(path, flags)
    guard descriptor >= 0 else { throw refusal() }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    let wrote = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard wrote == bytes.count else { throw wrote < 0 ? refusal() : refusal(EIO) }
  }

  /// Makes a folder that only its owner may enter.
  public static func makeFolder(_ path: String) throws(Refusal) {
    guard unsafe mkdir(path, 0o700) == 0 else { throw refusal() }
  }

  /// Removes an empty folder, or an instance of tracefs.
  public static func removeFolder(_ path: String) throws(Refusal) {
    guard unsafe rmdir(path) == 0 else { throw refusal() }
  }

  /// Removes a file; false when it is still there.
  @discardableResult public static func remove(_ path: String) -> Bool {
    unsafe unlink(path) == 0 || errno == ENOENT
  }

  /// Gives a file another name in the same folder.
  public static func rename(_ path: String, to name: String) throws(WriteError) {
    guard unsafe Glibc.rename(path, name) == 0 else {
      throw .failed(reason: "\(name): cannot write: \(errorText(errno))")
    }
  }

  /// The file or folder is there.
  public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Why a path cannot be read, nil when it can.
  public static func whyUnreadable(_ path: String) -> Refusal? {
    unsafe access(path, R_OK) == 0 ? nil : refusal()
  }

  /// Why a file cannot be written to, nil when it can.
  public static func whyUnwritable(_ path: String) -> Refusal? {
    unsafe access(path, W_OK) == 0 ? nil : refusal()
  }

  /// Names in a folder, sorted; empty when it cannot be read.
  public static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while names.count < 1 << 16, let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The program of this name in the folders of `PATH`; nil when there is none.
  public static func program(_ name: String) -> String? {
    let folders = (Environment.value("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(
      separator: ":")
    for folder in folders where folder.hasPrefix("/") {
      let path = "\(folder)/\(name)"
      if unsafe access(path, X_OK) == 0 { return path }
    }
    return nil
  }

  /// What this process may do is not asked, only who it is.
  public static var isRoot: Bool { geteuid() == 0 }

  /// Release and machine of the running kernel, as uname(2) gives them.
  public static var kernel: (release: String, machine: String) {
    let release = text("/proc/sys/kernel/osrelease") ?? ""
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return (release, "") }
    let machine = unsafe withUnsafePointer(to: &names.machine) {
      unsafe $0.withMemoryRebound(to: CChar.self, capacity: 65) { unsafe String(cString: $0) }
    }
    return (String(release.prefix { $0 != "\n" }), machine)
  }

  private static func refusal(_ code: Int32 = errno) -> Refusal {
    Refusal(code: code, reason: errorText(code))
  }
}
