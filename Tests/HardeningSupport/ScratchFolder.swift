import Foundation

/// A folder of this process in `$TMPDIR`, whose files are replaced by each input.
enum ScratchFolder {
  private static let url: URL = {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-fed-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    atexit { ScratchFolder.remove() }
    return url
  }()

  private static func remove() { try? FileManager.default.removeItem(at: url) }

  /// Writes a file of this name, and gives the folder's path.
  static func place(_ bytes: [UInt8], as name: String) -> String {
    try? Data(bytes).write(to: url.appendingPathComponent(name))
    return url.path
  }
}
