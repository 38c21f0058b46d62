import LedgerCore

/// A batch as lines of JSON: one for the whole (`"kind":"batch"`), one for each finding, one for each capture.
enum BatchLines {
  static func render(_ batch: BatchDetail) -> [UInt8] {
    let document = SummaryDocument(batch.summary)
    var writer = JSONWriter()
    write(batch.summary, to: &writer)
    writer.endLine()
    for finding in batch.summary.findings {
      writer.object { writer in
        writer.member("kind", "finding")
        writer.member("schema", SummaryDocument.schema)
        document.members(of: finding, to: &writer)
      }
      writer.endLine()
    }
    for capture in batch.captures {
      writer.object { write(capture, to: &$0) }
      writer.endLine()
    }
    return writer.bytes
  }

  /// The first line as the only element of an array, for pages.
  static func summary(_ summary: BatchSummary) -> [UInt8] {
    JSONWriter.bytes { write(summary, to: &$0) }
  }

  private static func write(_ summary: BatchSummary, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("kind", "batch")
      SummaryDocument(summary).members(to: &writer)
      writer.member("findings", summary.findings.count)
    }
  }

  private static func write(_ capture: BatchCapture, to writer: inout JSONWriter) {
    writer.member("kind", "capture")
    writer.member("schema", SummaryDocument.schema)
    writer.member("path", capture.sighting.path)
    writer.member("status", capture.status.rawValue)
    if !capture.error.isEmpty { writer.member("error", capture.error) }
    writer.member("capture", capture.kind)
    writer.member("kernel", capture.sighting.kernel)
    writer.key("labels")
    writer.object { for label in capture.sighting.labels { $0.member(label.name, label.value) } }
    writer.member("read", capture.eventsRead)
    writer.member("losses", capture.losses.map(\.rawValue))
    writer.member("findings", capture.findings)
    if let severity = capture.severity { writer.member("severity", severity.rawValue) }
  }
}
