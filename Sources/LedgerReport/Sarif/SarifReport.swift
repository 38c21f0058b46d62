import LedgerCore
import LedgerInput

/// Analyses as SARIF 2.1.0: one run, a result a finding.
struct SarifReport {
  let options: CIOptions

  /// The document; what GitHub would refuse for its size loses detail until it fits.
  func render(_ analyses: [Analysis]) -> [UInt8] {
    let ranked = RankedFinding.all(analyses)
    var limits = SarifLimits()
    limits.results = min(limits.results, ranked.count)
    while true {
      let bytes = document(analyses, ranked, limits)
      guard bytes.count > SarifLimits.compressed, limits.results > 0 else { return bytes }
      let size = GzipSize.of(bytes)
      guard size > SarifLimits.compressed else { return bytes }
      limits.reduce(size: size)
    }
  }

  private func document(
    _ analyses: [Analysis], _ ranked: [RankedFinding], _ limits: SarifLimits
  ) -> [UInt8] {
    let shown = ranked.prefix(limits.results)
    let rules = SarifRules(options.manual, shown.map(\.finding.rule))
    let isCompared =
      analyses.contains { $0.comparison != nil } || shown.contains { $0.finding.standing != nil }
    return SarifDocument(options: options, rules: rules).bytes(
      invocations: {
        SarifInvocations(options: options, hidden: ranked.count - shown.count, limits: limits)
          .write(analyses, to: &$0)
      },
      results: { writer in
        for row in shown {
          SarifResult(row, in: analyses[row.capture], options, limits, isCompared: isCompared)
            .write(rule: rules.index(row.finding.rule), to: &writer)
        }
      })
  }
}

/// The frame around the results of a run.
struct SarifDocument {
  let options: CIOptions
  let rules: SarifRules

  func bytes(
    invocations: (inout JSONWriter) -> Void, results: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member(
        "$schema", "https://json.schemastore.org/sarif-2.1.0.json")
      writer.member("version", "2.1.0")
      writer.key("runs")
      writer.array { writer in
        writer.object { writer in
          tool(to: &writer)
          writer.member("columnKind", "unicodeCodePoints")
          invocations(&writer)
          writer.key("results")
          writer.array(results)
        }
      }
    }
    writer.endLine()
    return writer.bytes
  }

  private func tool(to writer: inout JSONWriter) {
    writer.key("tool")
    writer.object { writer in
      writer.key("driver")
      writer.object { writer in
        writer.member("name", "PageLedger")
        if !options.version.isEmpty {
          writer.member("version", options.version)
          writer.member("semanticVersion", options.version)
        }
        rules.write(to: &writer)
      }
    }
  }
}
