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

  /// The path of a folder inside that holds these files and no others.
  static func fill(_ files: [FolderScript.File], in name: String = "files") -> String {
    let folder = url.appendingPathComponent(name)
    try? FileManager.default.removeItem(at: folder)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for file in files {
      let place = folder.appendingPathComponent(file.path)
      try? FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try? Data(file.bytes).write(to: place)
    }
    return folder.path
  }

  private static func remove() { try? FileManager.default.removeItem(at: url) }

  /// Writes a file of this name, and gives the folder's path.
  static func place(_ bytes: [UInt8], as name: String) -> String {
    try? Data(bytes).write(to: url.appendingPathComponent(name))
    return url.path
  }
}
