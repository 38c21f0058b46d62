import LedgerCore
import LedgerInput

/// The records of some CPUs, which perf stored beside the file with the header.
struct PerfStream: Sendable {
  let source: ByteSource
  let range: Range<UInt64>
}

/// Collects the files `data.0`, `data.1` and so on of the folders that `perf record --threads` writes, until their archive or
/// folder ends (tools/perf/util/data.c:perf_data__create_dir, 6.1).
final class PerfFolders {
  private struct File {
    var name: String
    var number: Int
    /// nil: in the spool.
    var source: ByteSource?
    var range: Range<UInt64>
  }

  /// Each stream takes some ten kilobytes of memory, and each lasting file a descriptor.
  private static let streamLimit = 4096
  private static let openLimit = 128
  private static let folderLimit = 64

  private let spool: PieceSpool
  private var files: [String: [File]] = [:]
  private var count = 0
  /// Files beyond the limit, by folder.
  private var dropped: [String: UInt64] = [:]
  private var spooled: ByteSource?

  init(path: String) { spool = PieceSpool(path: path) }

  /// Takes a file of records of which `prefix` was read already; false when there are too many.
  ///
  /// A file that is `isLasting` is read later from where it is, others are copied.
  func take(
    _ stream: PerfStreamName, _ content: ByteSource, prefix: [UInt8], name: String,
    isLasting: Bool
  ) throws(CaptureError) -> Bool {
    guard files.count < Self.folderLimit || files[stream.folder] != nil,
      files[stream.folder, default: []].count < Self.streamLimit
    else {
      if files[stream.folder] != nil { dropped[stream.folder, default: 0] += 1 }
      return false
    }
    var file = File(name: name, number: stream.number, source: nil, range: 0..<0)
    if isLasting, count < Self.openLimit, let size = content.size {
      file.source = content
      file.range = 0..<size
    } else {
      file.range = try spool.append(content, prefix: prefix)
    }
    count += 1
    files[stream.folder, default: []].append(file)
    return true
  }

  /// Takes out the streams of a folder, in the order of their numbers; none when it is no folder of perf.
  func streams(in folder: String) throws(CaptureError) -> [PerfStream] {
    guard let found = files.removeValue(forKey: folder) else { return [] }
    if spooled == nil { spooled = try spool.finish() }
    var streams: [PerfStream] = []
    for file in found.sorted(by: { $0.number < $1.number }) {
      guard let source = file.source ?? spooled else { continue }
      streams.append(PerfStream(source: source, range: file.range))
    }
    return streams
  }

  /// How many streams of a folder are not read.
  func missing(in folder: String) -> UInt64 { dropped[folder] ?? 0 }

  /// Files that belong to no file `data`.
  var strays: [String] { files.values.flatMap { $0.map(\.name) }.sorted() }
}

/// The path of a file of records: a folder and a number.
struct PerfStreamName {
  let folder: String
  let number: Int

  /// Takes `perf.data/data.12` apart; nil for other paths.
  init?(path: String) {
    let last = path.split(separator: "/").last ?? ""
    guard last.hasPrefix("data."), let number = Int(last.dropFirst(5)), number >= 0 else {
      return nil
    }
    self.number = number
    folder = path.folder
  }
}

extension String {
  /// The path without its last part.
  var folder: String { lastIndex(of: "/").map { String(self[..<$0]) } ?? "" }
}
