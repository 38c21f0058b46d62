public import LedgerInput
internal import LedgerReport

extension BatchStore {
  /// Takes over the results of other folders; returns all inputs, ascending by path.
  ///
  /// Throws when a folder is no finished batch of this version's rules, or when two of them know different contents of one path.
  public func join(_ folders: [String], ruleSet: String) throws(WriteError) -> [BatchInput] {
    var list: [(store: BatchStore, input: BatchInput)] = []
    var places: [ContentKey: Int] = [:]
    for folder in folders {
      try Self.check(folder, ruleSet)
      let store = try BatchStore(folder: folder)
      try store.load()
      for input in store.allInputs() {
        let name = ContentKey(name: input.path)
        guard let place = places[name] else {
          places[name] = list.count
          list.append((store, input))
          continue
        }
        let other = list[place].store
        guard other.stored(input.path)?.key == store.stored(input.path)?.key else {
          throw .failed(
            reason: "\(input.path): \(other.folder) and \(folder) have different contents of it")
        }
      }
    }
    list.sort { precedes($0.input.path, $1.input.path) }
    try take(list)
    return list.map(\.input)
  }

  /// Throws when a folder is no finished batch of these rules.
  static func check(_ folder: String, _ ruleSet: String) throws(WriteError) {
    let path = folder + "/summary.json"
    guard ByteSource.kind(ofPath: path) == .file, let file = try? ByteSource(path: path) else {
      throw .failed(reason: "\(folder): no summary.json: not a folder of batch, or not finished")
    }
    var bytes: [UInt8] = []
    while let got = try? file.read(into: &bytes, count: 1 << 18), got > 0 {}
    guard let value = try? JSONReader.value(of: bytes),
      value["schema"]?.text == SummaryDocument.schema
    else { throw .failed(reason: "\(path): this is no \(SummaryDocument.schema)") }
    guard value["complete"]?.flag == true else {
      throw .failed(reason: "\(folder): the batch is not finished; run it again")
    }
    guard value["ruleSet"]?.text == ruleSet else {
      throw .failed(reason: "\(folder): judged by other rules than those of this version")
    }
  }
}
