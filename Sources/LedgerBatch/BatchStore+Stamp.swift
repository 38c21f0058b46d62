public import LedgerCore
public import LedgerInput
internal import LedgerReport

extension BatchStore {
  private var stampPath: String { folder + "/.stamp" }

  /// The summary of the run before, when nothing has changed since then: no input, no option, no result. Then nothing need be read.
  ///
  /// `salt` stands for everything beside inputs and results that a summary depends on.
  public func unchangedSummary(of inputs: [BatchInput], salt: ContentKey) -> BatchSummary? {
    guard let stamp = Self.bytes(of: stampPath, limit: 64),
      stamp == Array(key(of: inputs, salt).hex.utf8),
      let summary = Self.bytes(of: summaryPath, limit: 1 << 30)
    else { return nil }
    return BatchSummary(json: summary)
  }

  /// Notes that the summary is that of these inputs, if a change of each of them would show without reading it.
  public func stamp(_ inputs: [BatchInput], options: BatchOptions, salt: ContentKey)
    throws(WriteError)
  {
    guard
      inputs.allSatisfy({
        $0.identity != nil && known($0, under: options.limits, salt: options.salt) != nil
      })
    else { return FolderLock.remove(stampPath) }
    try WholeFile.update(Array(key(of: inputs, salt).hex.utf8), at: stampPath)
  }

  private func key(of inputs: [BatchInput], _ salt: ContentKey) -> ContentKey {
    let hash = ContentHash()
    hash.add(Array(salt.hex.utf8))
    for name in FolderLock.names(in: folder) where name == "summary.json" || Self.isShard(name) {
      let identity = FileIdentity(path: folder + "/" + name)
      hash.add(Array("\(name) \(identity?.words ?? "-")\n".utf8))
    }
    var words: [UInt8] = []
    for input in inputs {
      words += input.path.utf8
      words.append(0)
      words += (input.identity?.words ?? "-").utf8
      for label in input.labels { words += "\0\(label.name)\0\(label.value)".utf8 }
      words += [0, 10]
      guard words.count > 1 << 18 else { continue }
      hash.add(words)
      words.removeAll(keepingCapacity: true)
    }
    hash.add(words)
    return hash.key
  }

  private static func bytes(of path: String, limit: Int) -> [UInt8]? {
    guard let identity = FileIdentity(path: path), identity.size <= UInt64(limit),
      let source = try? ByteSource(path: path)
    else { return nil }
    var bytes: [UInt8] = []
    _ = try? source.read(into: &bytes, count: Int(identity.size), at: 0)
    return bytes
  }
}

extension FileIdentity {
  fileprivate var words: String { "\(size) \(modified) \(changed) \(inode) \(device)" }
}
