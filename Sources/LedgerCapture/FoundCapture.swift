public import LedgerCore
import LedgerInput

/// A capture that a path led to, not yet read.
public struct FoundCapture {
  /// What it consists of.
  enum Content {
    case bytes(OuterLayers)
    /// Opened to see whether it is one.
    case reader(any CaptureReader)
    case snapshot(SnapshotBuffer)
    /// A group of buffers, or all of them.
    case buffers(TraceDatFile, group: Int?)
    /// The file `data` of perf and the streams beside it, without those that are too many.
    case perf(ByteSource, streams: [PerfStream], missing: UInt64)
    case failure(CaptureError)
  }

  /// `logs.tar.gz!root/dmesg.txt`, or the path itself when it leads to nothing else.
  public internal(set) var name: String
  /// Nothing else was found at the path.
  public internal(set) var isOnly = false
  /// For people: files beside it that were not used.
  public internal(set) var notes: [String] = []
  let content: Content
  /// Names of the layers of packing, the outermost first.
  let layers: [String]
  /// What packing has lost so far; nil when the content is unpacked as it is read.
  var damage: LossLedger?

  /// A reader of its events. Throws when it cannot be read, with a reason for people.
  public func open(_ detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
    let reader: any CaptureReader
    var log: DamageLog?
    switch content {
    case .bytes(let input):
      reader = try input.reader(detail: detail)
      log = input.source.damage
    case .reader(let opened): reader = opened
    case .snapshot(let buffer):
      let snapshot = try SnapshotLayout(buffer, path: name)
      reader = TraceDatReader(
        snapshot.layout, sources: snapshot.sources, path: name, kind: "tracefs snapshot",
        detail: detail)
    case .buffers(let file, let group):
      reader = try file.reader(group: group, detail: detail)
      log = file.source.damage
    case .perf(let source, let streams, let missing):
      reader = try PerfDataReader(
        source: source, streams: streams, missing: missing, detail: detail)
    case .failure(let error): throw error
    }
    return NamedReader(
      reader, path: name, layers: layers, damage: damage.map { .taken($0) } ?? .live(log))
  }
}
