import LedgerCore

/// The member `comparison`: what became of the findings of an earlier run, and what is wrong with the suppressions.
struct ComparisonDocument {
  private let comparison: Comparison

  init(_ comparison: Comparison) { self.comparison = comparison }

  func write(to writer: inout JSONWriter) {
    writer.key("comparison")
    writer.object { writer in
      writer.member("baseline", comparison.baseline)
      Self.write(comparison.fixed, "fixed", &writer)
      Self.write(comparison.unjudged, "unjudged", &writer)
      writer.member("remarks", comparison.remarks)
    }
  }

  static func write(_ findings: [BaselineFinding], _ name: String, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.array { writer in
      for finding in findings {
        writer.object {
          $0.member("id", finding.id)
          $0.member("rule", finding.rule)
          $0.member("title", finding.title)
        }
      }
    }
  }
}
