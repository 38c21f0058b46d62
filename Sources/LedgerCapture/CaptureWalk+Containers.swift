import LedgerCore
import LedgerInput

/// An archive or a folder on the way of a walk.
struct ContainerPlace {
  /// As reports name it.
  var name: String
  /// Between this name and a file's.
  var separator: String
  /// Layers of packing around the files, the outermost first.
  var layers: [String] = []

  func join(_ file: String) -> String { file.isEmpty ? name : name + separator + file }
}

/// What a container's files have told before it came to its end.
private struct ContainerState {
  /// A file that is a capture only if nothing better comes.
  struct Late {
    var input: OuterLayers
    var name: String
    var local: String
    var part: SnapshotPart?
  }

  let collector: SnapshotCollector
  var late: [Late] = []
  /// Folders that perf has split its data in.
  let folders: PerfFolders
  var pstore = PstoreFiles()
}

extension CaptureWalk {
  /// Files that wait for the end of their container; more are taken at once.
  private static let lateLimit = 64
  /// How much of a text is looked at before it is copied.
  private static let textLook = 1 << 20

  func walk(
    archive input: OuterLayers, _ packing: Packing, named name: String, isTop: Bool = false
  ) throws(CaptureError) {
    let before = (found, otherCount)
    var failure: CaptureError?
    do throws(CaptureError) {
      var files = FileSequence(
        try ArchiveMembers(input.source, packing, prefix: input.prefix, budget: budget))
      try walk(&files, ContainerPlace(name: name, separator: "!", layers: input.names))
    } catch { failure = error }
    let damage = input.source.damage.drain()
    guard found == before.0 else {
      addDamage(damage)
      if let failure { offer(.failure(failure), named: name) }
      return
    }
    if let failure { throw failure }
    if !damage.rows.isEmpty { hasLostFiles = true }
    let loss = damage.rows.first.map { "; \($0.detail)" } ?? ""
    guard isTop || !loss.isEmpty else { return leaveOut(name, "an archive without a capture") }
    throw .notACapture(
      path: name,
      hint:
        "none of the \(otherCount - before.1) files in this \(packing.rawValue) archive is a capture"
        + loss)
  }

  func walk(_ files: inout FileSequence, _ place: ContainerPlace) throws(CaptureError) {
    let before = found
    var state = ContainerState(
      collector: SnapshotCollector(path: place.name), folders: PerfFolders(path: place.name))
    var failure: CaptureError?
    do throws(CaptureError) {
      while !isStopped, let file = try files.next() {
        do throws(CaptureError) {
          try examine(file, place, isLasting: files.isLasting, &state)
        } catch {
          guard files.isLasting || !error.endsArchive else { throw error }
          offer(.failure(error), named: place.join(file.name))
        }
      }
    } catch { failure = error }
    try finish(&state, place, isLasting: files.isLasting, hasOthers: found > before)
    if let failure { throw failure }
  }

  private func examine(
    _ file: FileSequence.File, _ place: ContainerPlace, isLasting: Bool,
    _ state: inout ContainerState
  ) throws(CaptureError) {
    let name = place.join(file.name)
    let part = SnapshotPart(path: file.name)
    var input = try OuterLayers(file.open(), inside: place.layers, budget: budget)
    if case .packed(let packing) = input.kind, !input.prefix.isEmpty {
      return try walk(archive: input, packing, named: name)
    }
    let isPlain = isLasting && input.names.count == place.layers.count
    if let part,
      try state.collector.take(
        part, input.source, prefix: input.prefix, name: name, isLasting: isPlain)
    {
      return
    }
    if let stream = PerfStreamName(path: file.name), input.mayBeRecords,
      try state.folders.take(
        stream, input.source, prefix: input.prefix, name: name, isLasting: isPlain)
    {
      return
    }
    guard !input.prefix.isEmpty else {
      if !input.source.damage.losses.rows.isEmpty { throw input.emptiness }
      return leaveOut(name, "empty")
    }
    if input.kind == .text,
      try state.pstore.take(
        input.source, prefix: input.prefix, name: name, folder: file.name.folder)
    {
      return
    }
    if part?.role == .other { return leaveOut(name, "a file of tracefs without events") }
    let isData = input.kind == .perfData && file.name.isLastPart("data")
    if part?.role == .text && input.kind == .text || isData, state.late.count < Self.lateLimit {
      if !isLasting { try input.spool(prefix: input.prefix) }
      state.late.append(.init(input: input, name: name, local: file.name, part: part))
      return
    }
    try judge(input, name, isLasting: isLasting)
  }

  /// Offers what is a capture.
  private func judge(_ input: OuterLayers, _ name: String, isLasting: Bool)
    throws(CaptureError)
  {
    var input = input
    switch input.kind {
    case .packed: return
    case .foreign(let what): leaveOut(name, "it looks like \(what)")
    case .traceDat:
      if !isLasting { try input.spool(prefix: input.prefix) }
      try offer(
        traceDat: input, named: name, damage: isLasting ? nil : input.source.damage.drain())
    case .perfData:
      if !isLasting { try input.spool(prefix: input.prefix) }
      offer(
        .bytes(input), named: name, layers: input.names,
        damage: isLasting ? nil : input.source.damage.drain())
    case .text:
      guard let reader = try text(&input, isLasting: isLasting) else {
        return leaveOut(name, "a text without a trace")
      }
      offer(
        .reader(reader), named: name, layers: input.names,
        damage: isLasting ? nil : input.source.damage.drain())
    }
  }

  /// A reader of a text, nil when it is no capture.
  private func text(_ input: inout OuterLayers, isLasting: Bool) throws(CaptureError)
    -> (any CaptureReader)?
  {
    var bytes = input.prefix
    bytes += try input.source.prefix(Self.textLook - bytes.count)
    var sniffer = TextSniffer()
    let padded = bytes + Array(repeating: 0, count: TextBlocks.padding)
    padded.withRawSpan { sniffer.look($0, to: bytes.count) }
    guard sniffer.needsBlocks else { return nil }
    var prefix = bytes
    if !isLasting && !input.source.isSeekable {
      try input.spool(prefix: bytes)
      prefix = []
    }
    do throws(CaptureError) {
      return try FtraceTextReader.open(input.source, prefix: prefix, detail: detail)
    } catch {
      if case .notACapture = error { return nil }
      throw error
    }
  }

  /// Offers what only the end of the container decides.
  private func finish(
    _ state: inout ContainerState, _ place: ContainerPlace, isLasting: Bool, hasOthers: Bool
  ) throws(CaptureError) {
    let before = found
    for late in state.late {
      if let part = late.part, part.role == .text, state.collector.hasSubBuffers(part.root) {
        state.collector.leaveText(part.root)
        leaveOut(late.name, "says what the raw sub-buffers beside it hold")
      } else if late.input.kind == .perfData,
        case let streams = try state.folders.streams(in: late.local.folder), !streams.isEmpty
      {
        let missing = state.folders.missing(in: late.local.folder)
        offer(
          .perf(try late.input.seekable(), streams: streams, missing: missing),
          named: late.name, layers: late.input.names, damage: late.input.source.damage.drain())
      } else {
        try judge(late.input, late.name, isLasting: isLasting)
      }
    }
    for log in try state.pstore.logs() {
      do throws(CaptureError) {
        let reader = try FtraceTextReader.open(log.text, prefix: [], detail: detail)
        offer(
          .reader(reader), named: log.name, layers: place.layers, damage: log.damage,
          notes: log.notes)
      } catch { leaveOut(log.name, "a text without a trace") }
    }
    for name in state.folders.strays { leaveOut(name, "records without the file data of perf") }
    for buffer in try state.collector.buffers() {
      offer(
        .snapshot(buffer), named: place.join(buffer.name), layers: place.layers,
        damage: LossLedger(), notes: buffer.notes)
    }
    let empty = state.collector.emptyFiles
    guard found == before, !hasOthers, empty > 0 else { return }
    throw .notACapture(
      path: place.name,
      hint: """
        all \(empty) files of raw sub-buffers are empty: files of tracefs claim to have no size, so that tar and cp -a store \
        nothing; copy them with cat first
        """)
  }
}

extension CaptureError {
  /// Nothing that follows in the same archive can be read.
  fileprivate var endsArchive: Bool {
    switch self {
    case .readFailed, .expandsTooFar, .cannotSpool: true
    default: false
    }
  }
}

extension String {
  fileprivate func isLastPart(_ name: String) -> Bool { self == name || hasSuffix("/" + name) }
}
