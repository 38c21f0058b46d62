import LedgerCore

/// A batch as lines of JSON: one for the whole (`"kind":"batch"`), one for each finding, one for each capture.
enum BatchLines {
  static func render(_ batch: BatchDetail) -> [UInt8] {
    let document = SummaryDocument(batch.summary)
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("kind", "batch")
      document.members(to: &writer)
      writer.member("findings", batch.summary.findings.count)
    }
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
