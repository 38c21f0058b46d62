import LedgerCore
import LedgerInput
import LedgerSymbols

/// Collects the files of copied tracefs folders, in any order, until their archive or folder ends.
final class SnapshotCollector {
  private struct Root {
    var words = SnapshotWords()
    var raw: [(cpu: Int, isSnapshot: Bool, place: Place)] = []
    var statistics: [CpuStatistics] = []
    var symbols: Place?
    var empty: [(cpu: Int, isSnapshot: Bool)] = []
    var texts = 0
  }

  /// Where a large file's content lies.
  private struct Place {
    var name: String
    /// nil: in the spool.
    var source: ByteSource?
    var range: Range<UInt64>
  }

  /// A kallsyms of a debug kernel has some 20 MB, a format of an event some 10 KB.
  private static let wordLimit = 1 << 20
  private static let symbolLimit: UInt64 = 1 << 26
  /// Memory for words of all roots together; roots and raw files that are kept.
  private static let wordsLimit = 1 << 27
  private static let rootLimit = 1 << 14
  private static let bufferLimit = 1 << 8
  private static let rawLimit = 1 << 16
  private static let openLimit = 256
  /// Modules whose build ids are kept.
  private static let noteLimit = 1 << 12

  private let spool: PieceSpool
  private var roots: [String: Root] = [:]
  private var order: [String] = []
  /// CPUs that were online by the text of a trace, by root.
  private var online: [String: Int] = [:]
  /// CPUs that have a folder, by root.
  private var folders: [String: Set<Int>] = [:]
  private var wordBytes = 0
  private var rawFiles = 0
  /// Roots that have raw files.
  private var buffered = 0

  init(path: String) { spool = PieceSpool(path: path) }

  /// Takes a file of which `prefix` was read already; false when it is none of a tracefs, and nothing more was read.
  ///
  /// A file that is `isLasting` is read later from where it is, others are copied.
  func take(
    _ part: SnapshotPart, _ content: ByteSource, prefix: [UInt8], name: String, isLasting: Bool
  ) throws(CaptureError) -> Bool {
    if let cpu = part.folder, folders[part.root] != nil || folders.count < Self.rootLimit {
      folders[part.root, default: []].insert(cpu)
    }
    if part.role == .text, online[part.root] != nil || online.count < Self.rootLimit {
      let count = SnapshotCPUs.online(inHeader: prefix)
      online[part.root] = max(online[part.root] ?? 0, count)
    }
    guard part.role != .text, part.role != .other else { return false }
    // Anything may have this name.
    if case .notes = part.role, !BuildNotes.begin(prefix) { return false }
    if roots[part.root] == nil {
      guard roots.count < Self.rootLimit else { return false }
      roots[part.root] = Root()
      order.append(part.root)
    }
    // Taken out and put back, so that it is changed in place.
    guard var root = roots.removeValue(forKey: part.root) else { return false }
    defer { roots[part.root] = root }
    switch part.role {
    case .raw(let cpu, let isSnapshot):
      guard !prefix.isEmpty else {
        root.empty.append((cpu, isSnapshot))
        return true
      }
      guard rawFiles < Self.rawLimit, !root.raw.isEmpty || buffered < Self.bufferLimit else {
        return false
      }
      if root.raw.isEmpty { buffered += 1 }
      rawFiles += 1
      let place = try self.place(content, prefix, name, isLasting)
      root.raw.append((cpu, isSnapshot, place))
    case .symbols:
      let place = try self.place(content, prefix, name, isLasting)
      guard place.range.upperBound - place.range.lowerBound <= Self.symbolLimit else { break }
      root.symbols = place
    default: try takeWords(part.role, content, prefix, &root)
    }
    return true
  }

  private func place(
    _ content: ByteSource, _ prefix: [UInt8], _ name: String, _ isLasting: Bool
  ) throws(CaptureError) -> Place {
    // So many files may stay open.
    if isLasting, rawFiles <= Self.openLimit, let size = content.size {
      return Place(name: name, source: content, range: 0..<size)
    }
    return Place(name: name, source: nil, range: try spool.append(content, prefix: prefix))
  }

  private func takeWords(
    _ role: SnapshotPart.Role, _ content: ByteSource, _ prefix: [UInt8], _ root: inout Root
  ) throws(CaptureError) {
    var text = prefix
    while text.count < Self.wordLimit {
      let got = try content.read(into: &text, count: Self.wordLimit - text.count)
      guard got > 0 else { break }
    }
    wordBytes += text.count
    guard wordBytes <= Self.wordsLimit else { return }
    switch role {
    case .filter(let event): root.words.note(filter: text, of: event)
    case .tasks: root.words.note(filter: text, of: "tasks")
    case .format(let system): root.words.formats.append(.init(system: system, text: text))
    case .headerPage: root.words.headerPage = text
    case .comms: root.words.comms = text
    case .clock: root.words.clock = text
    case .kernel: root.words.kernel = text
    case .bufferSize: root.words.bufferSize = text
    case .totalSize: root.words.totalSize = text
    case .cpuMask: root.words.cpuMask = text
    case .possibleCPUs: root.words.possibleCPUs = text
    case .notes(let module):
      if root.words.buildIDs.count < Self.noteLimit, let id = BuildNotes.id(in: text) {
        root.words.buildIDs[module] = id
      }
    case .stats(let cpu):
      if let row = CpuStatistics(text: text, cpu: cpu) { root.statistics.append(row) }
    default: break
    }
  }

  /// Roots that hold sub-buffers, so that the text beside them says the same again.
  func hasSubBuffers(_ root: String) -> Bool { roots[root].map { !$0.raw.isEmpty } ?? false }

  /// Notes that the text of a trace beside sub-buffers was left out.
  func leaveText(_ root: String) { roots[root]?.texts += 1 }

  /// Raw files without a byte, where none has any.
  var emptyFiles: Int {
    roots.values.contains { !$0.raw.isEmpty } ? 0 : roots.values.reduce(0) { $0 + $1.empty.count }
  }

  /// The buffers that were found; each with the words of its own folder, or else of the nearest above.
  func buffers() throws(CaptureError) -> [SnapshotBuffer] {
    guard roots.values.contains(where: { !$0.raw.isEmpty }) else { return [] }
    let spooled = try spool.finish()
    var buffers: [SnapshotBuffer] = []
    for name in order {
      guard let root = roots[name], !root.raw.isEmpty else { continue }
      for isSnapshot in [false, true]
      where root.raw.contains(where: { $0.isSnapshot == isSnapshot }) {
        var buffer = SnapshotBuffer(name: name)
        if isSnapshot, root.raw.contains(where: { !$0.isSnapshot }) {
          buffer.name += name.isEmpty ? "snapshot_raw" : "/snapshot_raw"
        }
        for raw in root.raw where raw.isSnapshot == isSnapshot {
          buffer.pieces.append((raw.cpu, piece(raw.place, spooled)))
        }
        if !isSnapshot { buffer.statistics = root.statistics }
        buffer.words = words(of: name, spooled)
        buffer.missingCPUs = missing(of: name, root, isSnapshot)
        if root.texts > 0 {
          buffer.notes.append("the trace as text beside the sub-buffers is not read again")
        }
        buffers.append(buffer)
      }
    }
    return buffers
  }

  private func missing(of name: String, _ root: Root, _ isSnapshot: Bool) -> [Int] {
    var cpus = SnapshotCPUs()
    for raw in root.raw where raw.isSnapshot == isSnapshot { cpus.known.insert(raw.cpu) }
    for raw in root.empty where raw.isSnapshot == isSnapshot { cpus.known.insert(raw.cpu) }
    if !isSnapshot { cpus.known.formUnion(root.statistics.map(\.cpu)) }
    cpus.named = folders[name] ?? []
    (cpus.size, cpus.total) = (root.words.bufferSize, root.words.totalSize)
    cpus.online = online[name] ?? 0
    cpus.mask = root.words.cpuMask
    cpus.possible =
      roots.values.lazy.map(\.words.possibleCPUs).first { !$0.isEmpty } ?? []
    return cpus.missing
  }

  private func piece(_ place: Place, _ spooled: ByteSource) -> SnapshotPiece {
    SnapshotPiece(source: place.source ?? spooled, range: place.range, name: place.name)
  }

  private func words(of name: String, _ spooled: ByteSource) -> SnapshotWords {
    let near = Self.nearest(to: name, order)
    func first<Words: Collection>(_ words: KeyPath<SnapshotWords, Words>) -> Words? {
      for root in near {
        if let found = roots[root]?.words[keyPath: words], !found.isEmpty { return found }
      }
      return nil
    }
    var words = SnapshotWords()
    words.formats = first(\.formats) ?? []
    words.headerPage = first(\.headerPage) ?? []
    words.comms = first(\.comms) ?? []
    words.kernel = first(\.kernel) ?? []
    // An instance has filters of its own.
    words.filters = roots[name]?.words.filters ?? []
    for root in near.reversed() {
      words.buildIDs.merge(roots[root]?.words.buildIDs ?? [:]) { $1 }
    }
    // An instance has a clock of its own.
    words.clock = roots[name]?.words.clock ?? []
    words.symbols = near.lazy.compactMap { self.roots[$0]?.symbols }.first
      .map { piece($0, spooled) }
    return words
  }

  /// Roots in the order of how much of their path they share.
  private static func nearest(to name: String, _ roots: [String]) -> [String] {
    let parts = name.split(separator: "/")
    let shared = roots.map { root in
      zip(parts, root.split(separator: "/")).prefix { $0 == $1 }.count
    }
    return roots.indices.sorted { (-shared[$0], $0) < (-shared[$1], $1) }.map { roots[$0] }
  }
}
