import LedgerCore
import LedgerFormat
import LedgerInput

/// The content of one file of a snapshot: a file, or a part of one.
struct SnapshotPiece: Sendable {
  let source: ByteSource
  let range: Range<UInt64>
  /// The name that the file has in its archive or folder.
  let name: String

  /// Bytes of the piece.
  var size: UInt64 { range.upperBound - range.lowerBound }

  /// A copy of up to `limit` bytes from `offset` of the piece on.
  func bytes(from offset: UInt64 = 0, limit: Int) throws(CaptureError) -> [UInt8] {
    guard offset < size else { return [] }
    var bytes: [UInt8] = []
    let count = Int(clamping: min(size - offset, UInt64(max(0, limit))))
    _ = try source.read(into: &bytes, count: count, at: range.lowerBound &+ offset)
    return bytes
  }
}

/// What the files of one tracefs say besides its events: of the top folder, or of an instance.
struct SnapshotWords {
  var formats: [EventText] = []
  var headerPage: [UInt8] = []
  var comms: [UInt8] = []
  var clock: [UInt8] = []
  var kernel: [UInt8] = []
  var symbols: SnapshotPiece?
  /// Build ids by module, that of the kernel without a name.
  var buildIDs: [String: [UInt8]] = [:]
  /// What kept events out while they were recorded.
  var filters: [String] = []
  var bufferSize: [UInt8] = []
  var totalSize: [UInt8] = []
  var cpuMask: [UInt8] = []
  var possibleCPUs: [UInt8] = []

  private static let filterLimit = 64

  /// Takes a `filter` or `set_event_pid`: `none`, nothing or words. kernel/trace/trace_events_filter.c:print_event_filter, 6.1
  mutating func note(filter text: [UInt8], of event: String) {
    let words = String(decoding: text.prefix(256), as: UTF8.self)
      .split { $0 == "\n" || $0 == " " }.joined(separator: " ")
    // Conditions on events without meaning hide nothing.
    let matters =
      event == "tasks" || ProbeCatalog.kind(ofEvent: event) != .other
      || EventKind.allCases.contains { $0.isNamed(event) }
    guard matters else { return }
    let isNone = words.isEmpty || words == "none" || words == "no pid"
    guard !isNone, !words.hasPrefix("### global filter"), filters.count < Self.filterLimit else {
      return
    }
    filters.append("\(event): \(words)")
  }

  /// The text of a format and the group of its event.
  struct EventText {
    var system: String
    var text: [UInt8]
  }
}

/// The raw sub-buffers of one trace buffer, or of the snapshot that was taken of it.
struct SnapshotBuffer {
  /// Path of the tracefs or of its instance, with `/snapshot_raw` for a snapshot.
  var name: String
  var pieces: [(cpu: Int, piece: SnapshotPiece)] = []
  var statistics: [CpuStatistics] = []
  /// CPUs whose sub-buffers were not copied.
  var missingCPUs: [Int] = []
  var words = SnapshotWords()
  /// For people: what was there and is not used.
  var notes: [String] = []
}
