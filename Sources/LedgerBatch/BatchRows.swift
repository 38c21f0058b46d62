internal import LedgerCore
public import LedgerInput
internal import LedgerReport

/// The captures and findings of a finished batch as lines that other programs load into tables.
public struct BatchRows {
  private let store: BatchStore

  /// Opens a folder of results. Throws when it is no finished batch of these rules.
  public init(folder: String, ruleSet: String) throws(WriteError) {
    try BatchStore.check(folder, ruleSet)
    store = try BatchStore(folder: folder)
    try store.load()
  }

  /// Shows the line of each capture, ascending by path, and behind it those of its findings.
  public func forEach(_ body: ([UInt8]) -> Void) {
    for input in store.allInputs().sorted(by: { precedes($0.path, $1.path) }) {
      guard let stored = store.stored(input.path) else { continue }
      _ = store.forEachCapture(of: input) { capture in
        guard capture.row.status != nil else { return }
        let context = RowContext(input: input, key: stored.key, capture: capture)
        body(context.captureLine)
        for finding in capture.row.findings {
          let place = capture.place(of: finding)
          let detail = store.bytes(shard: place.shard, at: place.offset, count: place.size)
          body(context.line(of: finding, detail))
        }
      }
    }
  }
}

/// A capture and the input that it lies in.
private struct RowContext {
  let input: BatchInput
  let key: ContentKey
  let capture: StoredCapture

  private var row: CaptureRow { capture.row }

  var captureLine: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("kind", "capture")
      common(&writer)
      writer.member("key", key.hex)
      writer.member("status", row.status?.rawValue ?? "")
      writer.member("error", row.error)
      writer.member("form", row.kind)
      writer.member("eventsRead", row.eventsRead)
      writer.member("eventsUsed", row.eventsUsed)
      writer.member("findings", Set(row.findings.map(\.id)).count)
      writer.key("losses")
      writer.object { for loss in row.losses { $0.member(loss.code.rawValue, loss.count) } }
      writer.key("rules")
      writer.object { rules(&$0) }
    }
    writer.endLine()
    return writer.bytes
  }

  private func rules(_ writer: inout JSONWriter) {
    let words: [Character: String] = ["c": "clean", "f": "findings", "u": "undecidable"]
    for rule in row.rules.split(separator: " ") {
      let status = rule.last.flatMap { words[$0] } ?? "notRecorded"
      writer.member(String(rule.dropLast()), status)
    }
  }

  private func common(_ writer: inout JSONWriter) {
    writer.member("path", capture.sighting.path)
    writer.member("input", input.path)
    writer.member("kernel", capture.sighting.kernel)
    writer.key("labels")
    writer.object { for label in input.labels { $0.member(label.name, label.value) } }
  }

  /// The line of a finding; `detail` is its line in full, or empty when that was not kept.
  func line(of finding: FindingRow, _ detail: [UInt8]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("kind", "finding")
      common(&writer)
      writer.member("id", finding.id)
      writer.member("rule", finding.rule)
      writer.member("verdict", finding.verdict.rawValue)
      writer.member("severity", finding.severity.rawValue)
      writer.member("title", finding.title)
      if let pfn = finding.pfn { writer.member("pfn", pfn) }
      writer.member("pages", finding.pages)
      writer.member("occurrences", finding.occurrences)
      writer.member("comm", finding.task)
      writer.member("pathId", finding.pathID)
      writer.member("functions", finding.functions)
      guard detail.last == UInt8(ascii: "\n") else { return }
      writer.key("detail")
      writer.raw(Array(detail.dropLast()))
    }
    writer.endLine()
    return writer.bytes
  }
}
