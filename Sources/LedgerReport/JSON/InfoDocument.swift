public import LedgerCore

/// What a capture holds as JSON, schema `pageledger.info/1`.
public struct InfoDocument {
  /// Name and major version of the schema.
  public static let schema = "pageledger.info/1"
  private let analysis: Analysis

  /// A document about one capture.
  public init(_ analysis: Analysis) { self.analysis = analysis }

  /// One JSON object and a newline.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("schema", Self.schema)
      if let failure = analysis.failure { writer.member("error", failure) }
      CaptureDocument(analysis).members(to: &writer)
      writer.key("rules")
      writer.array { for rule in analysis.rules { write(rule, to: &$0) } }
    }
    writer.endLine()
    return writer.bytes
  }

  private func write(_ rule: RuleReport, to writer: inout JSONWriter) {
    writer.object {
      $0.member("id", rule.id)
      $0.member("name", rule.name)
      $0.member("status", Decidability(rule.status).rawValue)
      $0.member("missing", rule.missing)
      if let line = RecordAdvice.line(for: [rule]) { $0.member("record", line) }
    }
  }
}
