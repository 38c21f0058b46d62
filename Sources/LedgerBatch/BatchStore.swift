public import LedgerInput
internal import LedgerReport

/// The folder of a batch: shards of results, and `summary.json`.
///
/// Each worker of a run appends to a shard of its own. What stands there is found again by the content of an input, or without reading
/// it by what its file looks like.
public final class BatchStore {
  /// The folder as the user named it.
  public let folder: String
  private let lock: FolderLock
  private var shards: [ShardFile] = []
  private var results: [ContentKey: ResultPlace] = [:]
  private var inputs: [ContentKey: StoredInput] = [:]
  private var run: UInt64 = 1
  /// Inputs in shards of workers, which a merged file does not have yet.
  private(set) var loose = 0
  /// Shards that may be appended to, by worker.
  private var open: [Int: Int] = [:]

  private static let merged = "results.ndjson"
  private static let seen = "seen.ndjson"
  /// Shards of a folder; more are not ours.
  private static let shardLimit = 4096

  /// Opens the folder, makes it when it is not there, and locks it. Throws when that fails or another batch has it.
  public init(folder: String) throws(WriteError) {
    self.folder = folder
    lock = try FolderLock(folder: folder)
  }

  /// Reads what is there; call once.
  public func load() throws(WriteError) {
    for name in FolderLock.names(in: folder) where Self.isShard(name) {
      guard shards.count < Self.shardLimit else { break }
      try load(name)
    }
  }

  private static func name(ofWorker worker: Int) -> String {
    "worker-\(String(repeating: "0", count: max(0, 3 - String(worker).count)))\(worker).ndjson"
  }

  static func isShard(_ name: String) -> Bool {
    name == merged || name == seen || name.hasPrefix("worker-") && name.hasSuffix(".ndjson")
  }

  /// True for the paths of the files that a batch keeps in a folder, so that a scan of the folder above leaves them out.
  public static func isOwn(_ path: String, of folder: String) -> Bool {
    var name = plain(path)
    let start = plain(folder == "." ? "" : folder + "/")
    guard name.hasPrefix(start) else { return false }
    name = name.dropFirst(start.count)
    return isShard(String(name)) || [".lock", ".stamp", "summary.json"].contains(String(name))
  }

  /// The path without `./` in front.
  private static func plain(_ path: String) -> Substring {
    var rest = path[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    return rest
  }

  /// Where `summary.json` is.
  public var summaryPath: String { folder + "/summary.json" }
}

extension BatchStore {
  private func load(_ name: String) throws(WriteError) {
    let shard = try ShardFile(path: folder + "/" + name)
    let number = shards.count
    shards.append(shard)
    let isLoose = name.hasPrefix("worker-")
    var partial: [ContentKey: ResultPlace] = [:]
    let good = shard.scan { record, part in
      switch record {
      case .result(let result): take(result, part, number, &partial)
      case .input(let path, let input):
        if isLoose { loose += 1 }
        take(input, path)
      case .seen(let path, let identity): inputs[ContentKey(name: path)]?.identity = identity
      }
    }
    if good < shard.file.size { try shard.file.truncate(to: good) }
  }

  private func take(
    _ result: ShardRecord.Result, _ part: ResultPart, _ number: Int,
    _ partial: inout [ContentKey: ResultPlace]
  ) {
    if result.part == 0 { partial[result.key] = ResultPlace(shard: number, parts: []) }
    guard var place = partial[result.key], place.parts.count == result.part else { return }
    place.parts.append(part)
    if let limits = result.limits { place.limits = limits }
    partial[result.key] = result.isLast ? nil : place
    if result.isLast { results[result.key] = place }
  }

  private func take(_ input: StoredInput, _ path: String) {
    run = max(run, input.run &+ 1)
    let name = ContentKey(name: path)
    if let known = inputs[name], known.run > input.run { return }
    inputs[name] = input
  }

  /// The key of an input whose result is here and whose file looks as it did then.
  func known(_ input: BatchInput, under limits: RunLimits, salt: ContentKey) -> StoredInput? {
    guard let stored = inputs[ContentKey(name: input.path)], stored.salt == salt,
      stored.identity == input.identity,
      stored.identity != nil || input.identity == nil, has(stored.key, under: limits)
    else { return nil }
    return stored
  }

  /// A result is here, and more room would not have changed it.
  func has(_ key: ContentKey, under limits: RunLimits) -> Bool {
    guard let place = results[key] else { return false }
    guard let failed = place.limits else { return true }
    return limits.seconds <= failed.seconds && limits.bytes <= failed.bytes
  }

  /// Forgets results of captures that crashed or took too long, so that they are tried again.
  public func forgetFailures() { results = results.filter { $0.value.limits == nil } }

  /// The stored input of a path.
  func stored(_ path: String) -> StoredInput? { inputs[ContentKey(name: path)] }

  /// Where a result stands.
  func place(of key: ContentKey) -> ResultPlace? { results[key] }

  /// The rows of a result, one part after another.
  func forEachPart(of key: ContentKey, _ body: ([UInt8], ResultPart, Int) -> Void) {
    guard let place = results[key] else { return }
    for part in place.parts { body(shards[place.shard].rows(of: part), part, place.shard) }
  }

  /// Bytes of a shard.
  func bytes(shard: Int, at place: UInt64, count: Int) -> [UInt8] {
    guard shard < shards.count, count > 0, count <= ShardFile.payloadLimit else { return [] }
    return shards[shard].file.read(at: place, count: count)
  }
}

extension BatchStore {
  private func shard(ofWorker worker: Int) throws(WriteError) -> Int {
    if let number = open[worker] { return number }
    let path = folder + "/" + Self.name(ofWorker: worker)
    let number: Int
    if let known = shards.firstIndex(where: { $0.file.path == path }) {
      number = known
    } else {
      shards.append(try ShardFile(path: path))
      number = shards.count - 1
    }
    open[worker] = number
    return number
  }

  /// Appends a part of a result; `place` collects the parts, and the last one makes the result known.
  func append(
    _ result: ShardRecord.Result, rows: [UInt8], details: [UInt8], worker: Int,
    _ place: inout ResultPlace?
  ) throws(WriteError) {
    let number = try shard(ofWorker: worker)
    var header = result
    header.rows = rows.count
    header.details = details.count
    let payload = rows + details
    header.check = ContentKey.check(payload[...])
    var writer = JSONWriter()
    ShardRecord.result(header).write(to: &writer)
    let start = shards[number].file.size
    try shards[number].file.append(writer.bytes + payload)
    var parts = place ?? ResultPlace(shard: number, parts: [])
    parts.parts.append(
      ResultPart(
        start: start, payload: start &+ UInt64(writer.bytes.count), rows: rows.count,
        details: details.count))
    if let limits = result.limits { parts.limits = limits }
    place = parts
    if result.isLast { results[result.key] = parts }
  }

  /// Says which content an input has.
  func append(
    _ input: BatchInput, key: ContentKey, salt: ContentKey, isSettled: Bool, worker: Int
  ) throws(WriteError) {
    let stored = StoredInput(
      key: key, salt: salt, run: run, identity: isSettled ? input.identity : nil,
      labels: input.labels)
    var writer = JSONWriter()
    ShardRecord.input(path: input.path, stored).write(to: &writer)
    try shards[shard(ofWorker: worker)].file.append(writer.bytes)
    inputs[ContentKey(name: input.path)] = stored
    loose += 1
  }

  /// Waits until everything is on the disk.
  func sync() throws(WriteError) {
    for number in open.values { try shards[number].file.sync() }
  }

  /// Bytes of all shards, and of what `keys` stand for.
  func weight(of keys: Set<ContentKey>) -> (all: UInt64, used: UInt64) {
    let all = shards.reduce(0) { sum($0, $1.file.size) }
    let used = keys.reduce(0) { total, key in
      (results[key]?.parts ?? []).reduce(total) { sum($0, $1.end &- $1.start) }
    }
    return (all, used)
  }
}

extension BatchStore {
  /// Writes one file with the results of these inputs, ascending by path and the same for the same inputs, in place of all shards: when
  /// `always` is asked for, when results of other inputs are here, or when they take more room than those that count.
  public func tidy(_ list: [BatchInput], always: Bool) throws(WriteError) {
    let isPlain = loose == 0 && inputs.count == list.count
    guard !isPlain else { return }
    let weight = weight(of: Set(list.compactMap { stored($0.path)?.key }))
    let isHeavy = weight.all / 2 > sum(weight.used, 1 << 20)
    guard always || isHeavy || inputs.count > list.count else { return }
    try take(list.map { (store: self, input: $0) })
  }

  /// The same from the results of several stores.
  public func take(_ list: [(store: BatchStore, input: BatchInput)]) throws(WriteError) {
    let target = folder + "/" + Self.merged
    let results = try AppendFile(path: target + ".new", empty: true)
    let seen = try AppendFile(path: folder + "/" + Self.seen + ".new", empty: true)
    var (block, marks): ([UInt8], [UInt8]) = ([], [])
    var written: Set<ContentKey> = []
    for (store, input) in list {
      guard let stored = store.stored(input.path), let place = store.results[stored.key] else {
        continue
      }
      if written.insert(stored.key).inserted {
        for part in place.parts {
          block += store.shards[place.shard].bytes(of: part)
          if block.count > 1 << 22 { try results.flush(&block) }
        }
      }
      var writer = JSONWriter()
      let plain = StoredInput(
        key: stored.key, salt: stored.salt, run: 0, identity: nil, labels: input.labels)
      ShardRecord.input(path: input.path, plain).write(to: &writer)
      block += writer.bytes
      guard let identity = stored.identity else { continue }
      writer.clear()
      ShardRecord.seen(path: input.path, identity).write(to: &writer)
      marks += writer.bytes
    }
    try results.flush(&block)
    try seen.flush(&marks)
    try results.sync()
    try seen.sync()
    try FolderLock.rename(target + ".new", to: target)
    try FolderLock.rename(folder + "/" + Self.seen + ".new", to: folder + "/" + Self.seen)
    FolderLock.sync(folder)
    for name in FolderLock.names(in: folder) where name.hasPrefix("worker-") && Self.isShard(name) {
      FolderLock.remove(folder + "/" + name)
    }
    try reload()
  }

  private func reload() throws(WriteError) {
    shards = []
    results = [:]
    inputs = [:]
    open = [:]
    loose = 0
    run = 1
    for name in FolderLock.names(in: folder) where Self.isShard(name) { try load(name) }
  }

  /// All inputs, for a merge; a folder that was merged or written by one run has no others.
  public func allInputs() -> [BatchInput] {
    var list: [BatchInput] = []
    for shard in shards {
      _ = shard.scan { record, _ in
        guard case .input(let path, _) = record, let stored = stored(path) else { return }
        var input = BatchInput(path: path, labels: stored.labels)
        input.identity = stored.identity
        list.append(input)
      }
    }
    return list
  }
}

extension AppendFile {
  fileprivate func flush(_ bytes: inout [UInt8]) throws(WriteError) {
    try append(bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}
