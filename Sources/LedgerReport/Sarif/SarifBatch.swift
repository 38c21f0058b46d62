import LedgerCore
import LedgerInput

/// A batch as SARIF 2.1.0: one run, a result a cause at its worst example, its other captures as related locations.
struct SarifBatch {
  let options: CIOptions

  /// The document; what GitHub would refuse for its size loses detail until it fits.
  func render(_ batch: BatchDetail) -> [UInt8] {
    let ranked = RankedFinding.order(batch.summary.findings)
    var limits = SarifLimits()
    limits.results = min(limits.results, ranked.count)
    limits.share(ranked.prefix(limits.results).map { batch.summary.findings[$0].captures })
    while true {
      let bytes = document(batch, ranked, limits)
      guard bytes.count > SarifLimits.compressed, limits.results > 0 else { return bytes }
      let size = GzipSize.of(bytes)
      guard size > SarifLimits.compressed else { return bytes }
      limits.reduce(size: size)
    }
  }

  private func document(_ batch: BatchDetail, _ ranked: [Int], _ limits: SarifLimits) -> [UInt8] {
    let findings = batch.summary.findings
    let shown = ranked.prefix(limits.results)
    let rules = SarifRules(options.manual, shown.map { findings[$0].rule })
    let isCompared = batch.summary.comparison != nil
    let unnamed = shown.count { findings[$0].captures > limits.captures + 1 }
    return SarifDocument(options: options, rules: rules).bytes(
      invocations: {
        SarifInvocations(
          options: options, hidden: ranked.count - shown.count, limits: limits, unnamed: unnamed
        ).write(batch, to: &$0)
      },
      results: { writer in
        for (index, place) in shown.enumerated() {
          let (analysis, finding) = batch.worst(place, isFull: index < SarifLimits.full)
          SarifResult(
            RankedFinding(capture: 0, finding: finding), in: analysis, options, limits,
            isCompared: isCompared,
            spread: SarifSpread(place, in: batch, limit: limits.captures)
          ).write(rule: rules.index(finding.rule), to: &writer)
        }
      })
  }
}

/// Where in a batch a finding was seen.
struct SarifSpread {
  private let finding: FingerprintSum
  private let all: Int
  /// Captures beside the worst example.
  let others: [String]

  init(_ place: Int, in batch: BatchDetail, limit: Int) {
    finding = batch.summary.findings[place]
    all = batch.summary.captures
    let worst = finding.example.sighting.path
    let places = batch.places.indices.contains(place) ? batch.places[place] : []
    var others: [String] = []
    for number in places where others.count < limit {
      let path = batch.captures[Int(number)].sighting.path
      if path != worst { others.append(path) }
    }
    self.others = others
  }

  var words: String {
    var words = "In \(NumberText.grouped(UInt64(finding.captures))) of "
    words += NumberText.counted(UInt64(all), "capture")
    for (name, table) in [("kernels", finding.kernels), ("jobs", finding.jobs)] {
      let names = BatchWords.names(table)
      if !names.isEmpty { words += "; \(name) \(names)" }
    }
    return words + "."
  }

  func members(to writer: inout JSONWriter) {
    writer.member("captures", finding.captures)
    if finding.suppressed > 0 { writer.member("suppressedCaptures", finding.suppressed) }
    writer.member("first", CIText.line(finding.first.path, limit: CIText.pathLimit))
    writer.member("last", CIText.line(finding.last.path, limit: CIText.pathLimit))
    writer.member("kernels", Self.names(finding.kernels))
    writer.member("jobs", Self.names(finding.jobs))
  }

  private static func names(_ table: NameTable) -> [String] {
    table.rows.prefix(20).map { CIText.line($0.name, limit: 200) }
  }
}
