internal import Glibc

/// A folder that one process at a time may write to.
///
/// The lock is the kernel's (flock(2)): it goes with its process, however that ends.
public final class FolderLock {
  private let descriptor: CInt

  /// Makes the folder when it is not there, and locks it.
  public init(folder: String) throws(WriteError) {
    guard Self.make(folder) else {
      throw .failed(reason: "\(folder): cannot make the folder: \(errorText(errno))")
    }
    let path = folder + "/.lock"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .failed(reason: "\(path): cannot write: \(errorText(errno))")
    }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno != EINTR else { continue }
      let isTaken = errno == EWOULDBLOCK
      let words = errorText(errno)
      close(descriptor)
      throw .failed(
        reason: isTaken
          ? "\(folder): another batch is writing to this folder"
          : "\(folder): cannot lock: \(words)")
    }
  }

  deinit { close(descriptor) }

  /// Makes a folder, and those above it that are missing.
  private static func make(_ folder: String) -> Bool {
    if unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST { return true }
    guard errno == ENOENT, let slash = folder.dropLast().lastIndex(of: "/"),
      slash > folder.startIndex, make(String(folder[..<slash]))
    else { return false }
    return unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST
  }

  /// Removes a file that may not be there.
  public static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Gives a file another name in one step, in place of what has that name.
  public static func rename(_ path: String, to target: String) throws(WriteError) {
    guard unsafe Glibc.rename(path, target) == 0 else {
      throw .failed(reason: "\(target): cannot write: \(errorText(errno))")
    }
  }

  /// Waits until names in a folder are on the disk.
  public static func sync(_ folder: String) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  /// Names of the files in a folder, sorted; none when it cannot be read.
  public static func names(in folder: String) -> [String] { FileTree.names(in: folder) ?? [] }
}
