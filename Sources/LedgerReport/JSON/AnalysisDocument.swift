public import LedgerCore

/// An analysis as JSON, schema `pageledger.analysis/1`; `SCHEMA.md` beside this file explains each member.
///
/// The same analysis gives the same bytes.
public struct AnalysisDocument {
  /// Name and major version of the schema.
  public static let schema = "pageledger.analysis/1"
  private let analysis: Analysis

  /// A document about one capture.
  public init(_ analysis: Analysis) { self.analysis = analysis }

  /// One JSON object, without a newline at the end.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      summary(&writer)
      writer.key("findings")
      writer.array { for finding in analysis.findings { write(finding, to: &$0) } }
    }
    return writer.bytes
  }

  /// One line for the capture (`"kind":"capture"`), then one for each finding (`"kind":"finding"`).
  public func lines() -> [UInt8] {
    analysis.findings.reduce(into: captureLine()) { $0 += line(of: $1) }
  }

  /// The first of these lines.
  public func captureLine() -> [UInt8] { captureObject() + [UInt8(ascii: "\n")] }

  /// The line of one finding.
  public func line(of finding: Finding) -> [UInt8] {
    var writer = JSONWriter()
    Self.line(finding, kind: "finding", path: analysis.capture.path, to: &writer)
    return writer.bytes
  }

  /// All about the capture but its findings, of which it has the number.
  func captureObject() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("kind", "capture")
      summary(&writer)
      writer.member("findings", analysis.findings.count)
    }
    return writer.bytes
  }

  /// One line for a finding that is told while the capture still grows (`"kind":"live"`).
  public static func live(_ finding: Finding, path: String) -> [UInt8] {
    var writer = JSONWriter()
    line(finding, kind: "live", path: path, to: &writer)
    return writer.bytes
  }

  private static func line(
    _ finding: Finding, kind: String, path: String, to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.member("kind", kind)
      writer.member("path", path)
      members(of: finding, to: &writer)
    }
    writer.endLine()
  }

  private func explain(_ writer: inout JSONWriter) {
    writer.key("explained")
    writer.array { writer in
      for row in analysis.explained {
        writer.object {
          $0.member("name", row.name)
          $0.member("count", row.count)
          $0.member("reason", row.reason)
          $0.member("firstTime", row.firstTime)
          $0.key("pfn")
          if row.pfn == Event.noFrame { $0.null() } else { $0.value(row.pfn) }
        }
      }
    }
  }

  private func summary(_ writer: inout JSONWriter) {
    writer.member("schema", Self.schema)
    writer.member("verdict", analysis.verdict.rawValue)
    if let failure = analysis.failure { writer.member("error", failure) }
    CaptureDocument(analysis).members(to: &writer)
    writer.key("rules")
    writer.array { writer in
      for rule in analysis.rules {
        writer.object {
          $0.member("id", rule.id)
          $0.member("name", rule.name)
          $0.member("status", rule.status.rawValue)
          $0.member("missing", rule.missing)
          if let line = RecordAdvice.line(for: [rule]) { $0.member("record", line) }
        }
      }
    }
    if let comparison = analysis.comparison { ComparisonDocument(comparison).write(to: &writer) }
    explain(&writer)
    PathDocument.symbols(analysis, to: &writer)
  }

  private func write(_ finding: Finding, to writer: inout JSONWriter) {
    writer.object { Self.members(of: finding, to: &$0) }
  }

  private static func members(of finding: Finding, to writer: inout JSONWriter) {
    writer.member("id", finding.id)
    writer.member("rule", finding.rule)
    writer.member("verdict", finding.verdict.rawValue)
    writer.member("severity", finding.severity.rawValue)
    writer.member("title", finding.title)
    if let standing = finding.standing { writer.member("standing", standing.rawValue) }
    writer.key("pfn")
    if let pfn = finding.frame { writer.value(pfn) } else { writer.null() }
    writer.member("pages", finding.pages)
    writer.key("pageRanges")
    writer.array { for range in finding.pageRanges { write(range, to: &$0) } }
    writer.key("block")
    write(finding.block, to: &writer)
    writer.member("occurrences", finding.occurrences)
    writer.member("firstTime", finding.firstTime)
    writer.member("lastTime", finding.lastTime)
    writer.member("cpu", finding.cpu)
    writer.member("pid", finding.pid)
    writer.member("comm", finding.comm)
    writer.key("evidence")
    writer.array { for evidence in finding.evidence { write(evidence, to: &$0) } }
    writer.member("advice", finding.advice)
    writer.member("doubt", finding.doubt)
    writer.member("story", finding.story)
    PathDocument.members(of: finding, to: &writer)
    guard finding.clock != .capture || !finding.ledger.isEmpty || !finding.related.isEmpty else {
      return
    }
    writer.member("clock", finding.clock.rawValue)
    writer.member("ledger", finding.ledger)
    writer.member("related", finding.related)
  }

  private static func write(_ range: ClosedRange<UInt64>, to writer: inout JSONWriter) {
    writer.array {
      $0.value(range.lowerBound)
      $0.value(range.upperBound)
    }
  }

  private static func write(_ block: BlockReference?, to writer: inout JSONWriter) {
    guard let block else {
      writer.null()
      return
    }
    writer.object {
      $0.member("pfn", block.pfn)
      $0.member("order", block.order)
      $0.member("kind", block.kind.rawValue)
    }
  }

  static func write(_ evidence: Evidence, to writer: inout JSONWriter) {
    writer.object {
      $0.member("time", evidence.time)
      $0.member("cpu", evidence.cpu)
      $0.member("pid", evidence.pid)
      $0.member("comm", evidence.comm)
      $0.member("event", evidence.event)
      $0.member("text", evidence.text)
      $0.member("before", evidence.before)
      $0.member("after", evidence.after)
      if evidence.clock != .capture { $0.member("clock", evidence.clock.rawValue) }
      if let line = evidence.line { $0.member("line", line) }
    }
  }
}
