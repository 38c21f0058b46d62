import LedgerCore

/// Analyses as workflow commands of GitHub Actions, which shows them beside the change.
///
/// A step may show 10 of each level; what is beyond is counted in one notice, which is one of its 10.
struct GitHubReport {
  let options: CIOptions
  /// Annotations of one level in one step.
  private static let limit = 10

  private struct Row {
    let level: CILevel
    let anchor: Anchor?
    let title: String
    let message: String
  }

  func render(_ analyses: [Analysis]) -> [UInt8] { render(rows(analyses)) }

  func render(_ batch: BatchDetail) -> [UInt8] { render(rows(batch)) }

  private func render(_ rows: [Row]) -> [UInt8] {
    var left = [Self.limit, Self.limit, Self.limit]
    let counts = (0..<3).map { level in rows.count { $0.level.rawValue == level } }
    if counts.contains(where: { $0 > Self.limit }) { left[CILevel.note.rawValue] -= 1 }
    var text = ""
    var hidden = 0
    for row in rows {
      guard left[row.level.rawValue] > 0 else {
        hidden += 1
        continue
      }
      left[row.level.rawValue] -= 1
      text += command(row)
    }
    if hidden > 0 {
      text += "::notice title=PageLedger::and \(hidden) more, see the report\n"
    }
    return Array(text.utf8)
  }

  /// Captures that say nothing come first, then findings by rank; suppressed ones are not shown.
  private func rows(_ analyses: [Analysis]) -> [Row] {
    let silent = analyses.compactMap { analysis -> Row? in
      let anchor = Anchor.of(analysis.capture, options)
      let path = CIText.line(analysis.capture.path, limit: 200)
      switch analysis.verdict {
      case .unreadable:
        return Row(
          level: .error, anchor: anchor, title: "PageLedger: a capture cannot be read",
          message: CIText.line(analysis.failure ?? path))
      case .incomplete:
        return Row(
          level: .warning, anchor: anchor, title: "PageLedger: incomplete capture",
          message: "\(path): nothing was found, and that proves nothing")
      default: return nil
      }
    }
    return silent
      + RankedFinding.all(analyses).filter { $0.finding.standing != .suppressed }.map {
        row($0.finding, analyses[$0.capture])
      }
  }

  /// Of captures that say nothing there is one row each for those without a result and those with gaps, so that findings have room;
  /// then the first findings by rank.
  private func rows(_ batch: BatchDetail) -> [Row] {
    let summary = batch.summary
    var rows: [Row] = []
    if let words = BatchWords.trouble(summary), let first = summary.troubles.first {
      let example = CIText.line("\(first.path): \(first.error)", limit: 400)
      rows.append(
        Row(
          level: .error, anchor: options.anchor ?? Anchor(path: first.path),
          title: "PageLedger: captures without a result", message: "\(words)\n\(example)"))
    }
    let gaps = summary.statuses[.incomplete] ?? 0
    if gaps > 0, let first = batch.captures.first(where: { $0.status == .incomplete }) {
      let path = first.sighting.path
      rows.append(
        Row(
          level: .warning, anchor: options.anchor ?? Anchor(path: path),
          title: "PageLedger: incomplete captures",
          message: "\(NumberText.counted(UInt64(gaps), "capture")), such as "
            + CIText.line(path, limit: 300) + ": nothing was found, and that proves nothing"))
    }
    var counts: [CILevel: Int] = [:]
    for place in RankedFinding.order(summary.findings) {
      let sum = summary.findings[place]
      guard sum.standing != .suppressed else { continue }
      let level = CILevel(sum.severity, sum.verdict)
      counts[level, default: 0] += 1
      // What is only counted need not be made.
      rows.append(
        counts[level, default: 0] > Self.limit
          ? Row(level: level, anchor: nil, title: "", message: "") : row(place, batch))
    }
    return rows
  }

  private func row(_ place: Int, _ batch: BatchDetail) -> Row {
    let sum = batch.summary.findings[place]
    let (analysis, finding) = batch.worst(place)
    let facts = FingerprintFacts(sum, in: batch.summary).pairs.filter {
      ["Captures", "Worst", "Task", "Kernels", "Jobs", "Advice", "Id"].contains($0.label)
    }
    let standing = sum.standing.map { " (\($0.rawValue))" } ?? ""
    let lines =
      [CIText.line(sum.title) + standing]
      + facts.map { CIText.line("\($0.label): \($0.words)", limit: 300) }
    return Row(
      level: CILevel(finding), anchor: .of(finding, in: analysis.capture, options),
      title: CIText.line(
        "\(sum.rule) \(sum.severity.rawValue), \(sum.verdict.rawValue)", limit: 200),
      message: lines.joined(separator: "\n"))
  }

  private func row(_ finding: Finding, _ analysis: Analysis) -> Row {
    let nanoseconds = analysis.capture.timeIsNanoseconds
    let facts = FindingFacts(finding, nanoseconds: nanoseconds).pairs.filter {
      ["Block", "Pages", "Task", "Seen", "Advice", "Id"].contains($0.label)
    }
    let standing = finding.standing.map { " (\($0.rawValue))" } ?? ""
    let lines =
      [CIText.line(finding.title) + standing]
      + facts.map { CIText.line("\($0.label): \($0.words)", limit: 300) }
      + ["Capture: " + CIText.line(analysis.capture.path, limit: 300)]
    return Row(
      level: CILevel(finding), anchor: .of(finding, in: analysis.capture, options),
      title: CIText.line(
        "\(finding.rule) \(finding.severity.rawValue), \(finding.verdict.rawValue)", limit: 200),
      message: lines.joined(separator: "\n"))
  }

  private func command(_ row: Row) -> String {
    let name =
      switch row.level {
      case .error: "error"
      case .warning: "warning"
      case .note: "notice"
      }
    var properties: [String] = []
    if let anchor = row.anchor {
      properties.append("file=" + Self.property(anchor.repositoryPath))
      if let line = anchor.line { properties.append("line=\(line)") }
    }
    properties.append("title=" + Self.property(row.title))
    return "::\(name) \(properties.joined(separator: ","))::\(Self.data(row.message))\n"
  }

  /// actions/toolkit, packages/core/src/command.ts: these five end or split a command.
  private static func data(_ words: String) -> String {
    words.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  private static func property(_ words: String) -> String {
    data(words).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }
}
