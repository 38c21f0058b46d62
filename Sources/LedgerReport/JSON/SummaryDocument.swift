public import LedgerCore

/// The summary of a batch as JSON, schema `pageledger.batch/1`; `SCHEMA.md` beside this file explains each member.
///
/// The same captures give the same bytes: times, workers and the order of the work are not in it.
public struct SummaryDocument {
  /// Name and major version of the schema.
  public static let schema = "pageledger.batch/1"
  private let summary: BatchSummary

  /// A document about a batch.
  public init(_ summary: BatchSummary) { self.summary = summary }

  /// One JSON object, a line a finding, and a newline.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      members(to: &writer)
      writer.key("findings")
      writer.array { for finding in summary.findings { write(finding, to: &$0) } }
    }
    writer.endLine()
    return writer.bytes
  }

  /// All members but the findings.
  func members(to writer: inout JSONWriter) {
    writer.member("schema", Self.schema)
    writer.member("tool", summary.tool)
    writer.member("ruleSet", summary.ruleSet)
    writer.member("complete", summary.remaining == 0)
    counts(&writer)
    names(summary.kinds, "kinds", &writer)
    names(summary.kernels, "kernels", &writer)
    names(summary.jobs, "jobs", &writer)
    names(summary.hosts, "hosts", &writer)
    losses(&writer)
    rules(&writer)
    troubles(&writer)
    if let comparison = summary.comparison { ComparisonDocument(comparison).write(to: &writer) }
  }

  private func counts(_ writer: inout JSONWriter) {
    writer.member("inputs", summary.inputs)
    writer.member("remaining", summary.remaining)
    writer.member("captures", summary.captures)
    writer.member("skipped", summary.skipped)
    writer.key("statuses")
    writer.object {
      for status in CaptureStatus.allCases {
        $0.member(status.rawValue, summary.statuses[status] ?? 0)
      }
    }
    writer.key("events")
    writer.object {
      $0.member("read", summary.eventsRead)
      $0.member("used", summary.eventsUsed)
    }
  }

  private func names(_ table: NameTable, _ name: String, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.array { writer in
      for row in table.rows {
        writer.object {
          $0.member("name", row.name)
          $0.member("captures", row.captures)
        }
      }
      guard table.others > 0 else { return }
      writer.object {
        $0.key("name")
        $0.null()
        $0.member("captures", table.others)
      }
    }
  }

  private func losses(_ writer: inout JSONWriter) {
    writer.key("losses")
    writer.array { writer in
      for loss in summary.losses {
        writer.object {
          $0.member("code", loss.code.rawValue)
          $0.member("severity", loss.code.severity.rawValue)
          $0.member("captures", loss.captures)
          $0.member("count", loss.count)
        }
      }
    }
  }

  private func rules(_ writer: inout JSONWriter) {
    writer.key("rules")
    writer.array { writer in
      for rule in summary.rules {
        writer.object {
          $0.member("id", rule.id)
          $0.member("name", rule.name)
          $0.member("clean", rule.clean)
          $0.member("findings", rule.findings)
          $0.member("undecidable", rule.undecidable)
          $0.member("notRecorded", rule.notRecorded)
          if !rule.jobs.isEmpty { $0.member("jobs", rule.jobs) }
        }
      }
    }
  }

  private func troubles(_ writer: inout JSONWriter) {
    writer.key("troubles")
    writer.object { writer in
      writer.member("count", summary.troubleCount)
      writer.key("first")
      writer.array { writer in
        for trouble in summary.troubles {
          writer.object {
            $0.member("path", trouble.path)
            $0.member("status", trouble.status.rawValue)
            $0.member("error", trouble.error)
          }
        }
      }
    }
  }
}

extension SummaryDocument {
  private func write(_ finding: FingerprintSum, to writer: inout JSONWriter) {
    writer.breakLine()
    writer.object { members(of: finding, to: &$0) }
  }

  /// The members of a finding.
  func members(of finding: FingerprintSum, to writer: inout JSONWriter) {
    writer.member("id", finding.id)
    writer.member("rule", finding.rule)
    writer.member("severity", finding.severity.rawValue)
    writer.member("verdict", finding.verdict.rawValue)
    writer.member("title", finding.title)
    if let standing = finding.standing { writer.member("standing", standing.rawValue) }
    writer.member("captures", finding.captures)
    if finding.suppressed > 0 { writer.member("suppressed", finding.suppressed) }
    writer.member("occurrences", finding.occurrences)
    if !finding.pathIDs.isEmpty { writer.member("pathIds", finding.pathIDs) }
    names(finding.kernels, "kernels", &writer)
    names(finding.jobs, "jobs", &writer)
    names(finding.hosts, "hosts", &writer)
    names(finding.commits, "commits", &writer)
    write(finding.first, "first", &writer)
    write(finding.last, "last", &writer)
    writer.key("example")
    write(finding.example, to: &writer)
  }

  private func write(_ sighting: Sighting, _ name: String, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.object { members(of: sighting, to: &$0) }
  }

  private func members(of sighting: Sighting, to writer: inout JSONWriter) {
    writer.member("path", sighting.path)
    writer.member("kernel", sighting.kernel)
    writer.key("labels")
    writer.object { for label in sighting.labels { $0.member(label.name, label.value) } }
  }

  private func write(_ example: WorstExample, to writer: inout JSONWriter) {
    writer.object { writer in
      members(of: example.sighting, to: &writer)
      writer.key("pfn")
      if let pfn = example.pfn { writer.value(pfn) } else { writer.null() }
      writer.member("pages", example.pages)
      writer.member("occurrences", example.occurrences)
      writer.member("comm", example.task)
      writer.member("functions", example.functions)
      writer.member("advice", example.advice)
      writer.member("doubt", example.doubt)
      writer.key("evidence")
      writer.array {
        for evidence in example.evidence { AnalysisDocument.write(evidence, to: &$0) }
      }
    }
  }
}
