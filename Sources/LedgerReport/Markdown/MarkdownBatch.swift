import LedgerCore

/// A batch as GitHub Markdown that fits a comment (65,536 characters) and a job summary; what does not fit is counted.
struct MarkdownBatch {
  private static let rowLimit = 50
  private static let fullLimit = 10
  private static let goneLimit = 20
  private static let troubleLimit = 20
  /// Bytes that the tables behind the findings may take.
  private static let endLimit = 20_000

  func render(_ batch: BatchDetail) -> [UInt8] {
    let summary = batch.summary
    var text = heading(summary)
    let end = [comparison(summary), troubles(summary), rules(batch), totals(summary)]
      .reduce(into: "") { if $0.utf8.count + $1.utf8.count < Self.endLimit { $0 += $1 } }
    text += findings(batch, budget: MarkdownReport.limit - text.utf8.count - end.utf8.count - 200)
    return Array((text + end).utf8)
  }

  private func heading(_ summary: BatchSummary) -> String {
    let verdict = BatchWords.verdict(summary)
    let mark = MarkdownReport.mark(verdict)
    let words = [BatchWords.trust(summary), BatchWords.comparison(summary) ?? ""]
      .filter { !$0.isEmpty }.map(MarkdownText.plain).joined(separator: " ")
    return "### \(mark) PageLedger: \(MarkdownText.plain(BatchWords.claim(summary)))\n\n"
      + "**\(MarkdownText.plain(BatchWords.captures(summary)))**: "
      + "\(MarkdownText.plain(BatchWords.statuses(summary))). \(words)\n\n"
  }

  private func findings(_ batch: BatchDetail, budget: Int) -> String {
    let ranked = RankedFinding.order(batch.summary.findings)
    guard !ranked.isEmpty else { return "" }
    let isCompared = batch.summary.comparison != nil
    var text = isCompared ? "| standing " : ""
    text += "| severity | verdict | rule | what happened | captures | kernels | jobs |\n"
    text += (isCompared ? "| --- " : "") + "| --- | --- | --- | --- | ---: | --- | --- |\n"
    var rows = 0
    for place in ranked.prefix(Self.rowLimit) {
      let row = row(batch.summary.findings[place], isCompared)
      guard text.utf8.count + row.utf8.count < budget / 2 else { break }
      text += row
      rows += 1
    }
    if rows < ranked.count {
      let rest = NumberText.counted(UInt64(ranked.count - rows), "finding")
      text += "\n\(rest) of lower weight not listed here; summary.json has all.\n"
    }
    text += "\n"
    for place in ranked.prefix(min(rows, Self.fullLimit)) {
      guard batch.summary.findings[place].standing != .suppressed else { continue }
      let part = details(place, batch)
      guard text.utf8.count + part.utf8.count < budget else { continue }
      text += part
    }
    return text
  }

  private func row(_ finding: FingerprintSum, _ isCompared: Bool) -> String {
    let standing = StandingWords.name(finding.standing)
    let cells = [
      finding.severity >= .high ? "**\(finding.severity.rawValue)**" : finding.severity.rawValue,
      finding.verdict.rawValue, MarkdownText.plain(finding.rule),
      MarkdownReport.clipped(finding.title),
      NumberText.grouped(UInt64(finding.captures)),
      MarkdownReport.clipped(BatchWords.names(finding.kernels, limit: 3)),
      MarkdownReport.clipped(BatchWords.names(finding.jobs, limit: 3)),
    ]
    let first = finding.standing == .new ? "**new**" : standing
    return "| " + ((isCompared ? [first] : []) + cells).joined(separator: " | ") + " |\n"
  }

  private func details(_ place: Int, _ batch: BatchDetail) -> String {
    let sum = batch.summary.findings[place]
    var text = "<details><summary>\(sum.rule): \(MarkdownText.html(sum.title))</summary>\n\n"
    for (label, words) in FingerprintFacts(sum, in: batch.summary).pairs {
      let isCode = ["Worst", "Task", "First", "Last", "Id"].contains(label)
      text += "- \(label): \(isCode ? MarkdownText.code(words) : MarkdownText.plain(words))\n"
    }
    let worst = batch.worst(place)
    let rows = EvidenceRows.lines(
      worst.finding.evidence, limit: 12, nanoseconds: worst.analysis.capture.timeIsNanoseconds)
    if !rows.isEmpty { text += "\n" + MarkdownText.block(rows) }
    return text + "\n</details>\n\n"
  }

  private func comparison(_ summary: BatchSummary) -> String {
    summary.comparison.map(MarkdownReport.comparison) ?? ""
  }

  private func troubles(_ summary: BatchSummary) -> String {
    guard summary.troubleCount > 0 else { return "" }
    var text = "\n**Captures without a result**\n\n"
    for trouble in summary.troubles.prefix(Self.troubleLimit) {
      text += "- \(trouble.status.rawValue): "
      text += MarkdownText.code(String(trouble.path.prefix(300))) + ": "
      text += MarkdownReport.clipped(trouble.error) + "\n"
    }
    let rest = summary.troubleCount - min(summary.troubles.count, Self.troubleLimit)
    return rest > 0 ? text + "- and \(NumberText.grouped(UInt64(rest))) more\n" : text
  }

  private func rules(_ batch: BatchDetail) -> String {
    let silent = batch.summary.rules.filter { !$0.hasDecided }
    guard !silent.isEmpty, batch.summary.captures > 0 else { return "" }
    var text = "\n<details><summary>\(silent.count) of \(batch.summary.rules.count) rules could "
    text += "decide in no capture</summary>\n\n"
    for rule in silent {
      let reason = BatchWords.reason(batch.silences[rule.id], rule)
      text += "- \(rule.id) \(MarkdownText.plain(rule.name)): \(MarkdownReport.clipped(reason))\n"
    }
    return text + "\n</details>\n"
  }

  private func totals(_ summary: BatchSummary) -> String {
    var words = ["events \(NumberText.grouped(summary.eventsRead)) read"]
    for (name, table) in [("kernels", summary.kernels), ("kinds", summary.kinds)] {
      let names = BatchWords.names(table)
      if !names.isEmpty { words.append("\(name) \(String(names.prefix(300)))") }
    }
    return "\n<sub>\(MarkdownText.html(words.joined(separator: "; ")))</sub>\n"
  }
}
