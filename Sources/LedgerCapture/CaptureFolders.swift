/// Folders whose files belong together.
public enum CaptureFolders {
  /// The folders among the paths of files that are one capture each: copies of a tracefs, and what `perf record --threads` writes.
  /// The empty path stands for the folder that all lie in.
  public static func roots(in paths: [String]) -> [String] {
    var roots: Set<String> = []
    var streams: Set<String> = []
    for path in paths where path.mayNameAPart {
      if let part = SnapshotPart(path: path), case .raw = part.role { roots.insert(part.root) }
      if let stream = PerfStreamName(path: path) { streams.insert(stream.folder) }
    }
    guard !streams.isEmpty else { return roots.sorted() }
    for path in paths where path == "data" || path.hasSuffix("/data") {
      if streams.contains(path.folder) { roots.insert(path.folder) }
    }
    return roots.sorted()
  }
}

extension String {
  /// False for most paths, at the cost of a look at their bytes: only names with `raw` or `data.` are worth more.
  fileprivate var mayNameAPart: Bool {
    var last: UInt32 = 0
    for byte in utf8 {
      last = last << 8 | UInt32(byte)
      if last & 0xff_ffff == 0x72_6177 || last == 0x6174_612e { return true }
    }
    return false
  }
}
