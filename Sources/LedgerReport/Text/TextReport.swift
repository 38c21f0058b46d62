public import LedgerCore

/// Writes an analysis for people: verdict, findings, what could not be seen, totals.
///
/// Every string that stems from a capture is escaped, so that a task name cannot drive the terminal.
public struct TextReport: Sendable {
  let style: TextStyle
  let detail: TextDetail
  let explains: Bool

  /// A writer with a style and a level of detail; `explains` adds what looks wrong and is legal.
  public init(style: TextStyle = .plain, detail: TextDetail = .full, explains: Bool = false) {
    self.style = style
    self.detail = detail
    self.explains = explains
  }

  /// The whole report, ending in a newline.
  public func render(_ analysis: Analysis) -> String {
    var page = TextPage()
    page.line(verdictLine(analysis))
    switch detail {
    case .titles: for finding in told(analysis) { page.line("  " + titleLine(finding)) }
    case .full: renderBody(analysis, on: &page)
    }
    return page.text
  }

  /// One finding by itself, as it is told while a capture still grows.
  public func render(_ finding: Finding, nanoseconds: Bool) -> String {
    var page = TextPage()
    FindingText(style: style, nanoseconds: nanoseconds).render(finding, .main([]), on: &page)
    page.line()
    return page.text
  }

  /// What is new comes before what is known; what is suppressed is only counted.
  private func told(_ analysis: Analysis) -> [Finding] {
    StandingWords.ranked(analysis).filter { $0.standing != .suppressed }
  }

  private func renderBody(_ analysis: Analysis, on page: inout TextPage) {
    guard analysis.verdict != .unreadable || !analysis.findings.isEmpty else { return }
    let stories = Dictionary(grouping: analysis.findings, by: \.story)
    var previous = 0
    for finding in told(analysis) {
      let others = stories[finding.story] ?? []
      let place: FindingText.Place =
        finding.story == previous && finding.story > 0
        ? .part(of: others.first?.rule ?? "") : .main(others.dropFirst().map(\.rule))
      previous = finding.story
      page.line()
      FindingText(style: style, nanoseconds: analysis.capture.timeIsNanoseconds)
        .render(finding, place, on: &page)
    }
    if let comparison = analysis.comparison {
      let suppressed = analysis.findings.count { $0.standing == .suppressed }
      ComparisonText(style: style).render(comparison, suppressed: suppressed, on: &page)
    }
    if explains { ExplainedText(style: style).render(analysis, on: &page) }
    let gaps = GapText(style: style)
    gaps.render(losses: analysis.losses, on: &page)
    gaps.render(rules: analysis.rules, on: &page)
    page.line()
    page.paragraph(totals(analysis), indent: 0)
    for row in PathText.sources(analysis) {
      page.paragraph(row.escapedForTerminal, label: "symbols ", indent: 8)
    }
  }

  /// `HIGH proven  PL010  title  [1,023 pages]`.
  private func titleLine(_ finding: Finding) -> String {
    FindingText.headline(finding, style: style)
      + (finding.pages > 0 ? "  [\(NumberText.counted(finding.pages, "page"))]" : "")
  }

  private func verdictLine(_ analysis: Analysis) -> String {
    let path = analysis.capture.path.escapedForTerminal
    switch analysis.verdict {
    case .clean: return style.paint("CLEAN", .good) + "  \(path): \(cleanWords(analysis.rules))"
    case .findings:
      return style.paint("FINDINGS", .bad) + "  \(path): \(findingWords(analysis))"
    case .incomplete:
      return style.paint("INCOMPLETE", .warning)
        + "  \(path): \(incompleteWords(analysis))"
    case .unreadable:
      return style.paint("UNREADABLE", .bad)
        + "  \((analysis.failure ?? path).escapedForTerminal)"
    }
  }

  private func incompleteWords(_ analysis: Analysis) -> String {
    if analysis.capture.eventsRead == 0, analysis.capture.logLines > 0 {
      let isDamaged = analysis.losses.contains { $0.code.severity == .dataLoss }
      return "no complaint of the kernel about pages in "
        + "\(NumberText.counted(analysis.capture.logLines, "line")) of its log, and "
        + (isDamaged
          ? "no event could be read (below)" : "no trace that shows what was done to them")
    }
    guard analysis.capture.eventsRead > 0 else {
      let left = analysis.losses.filter { $0.code == .leftInKernel }.reduce(0) { $0 &+ $1.count }
      guard left > 0 else {
        let hasData = analysis.losses.contains { $0.code.severity == .dataLoss }
        return hasData ? "no event could be read (below)" : "no event was recorded"
      }
      return
        "no event was recorded, \(NumberText.grouped(left)) \(left == 1 ? "entry was" : "entries were") left in the kernel"
    }
    guard analysis.losses.contains(where: { $0.code.severity == .dataLoss }) else {
      let unproven = analysis.rules.filter(\.isUnproven).map(\.id)
      if !unproven.isEmpty {
        return
          "nothing proven, but events fit the pattern of \(unproven.joined(separator: ", ")) (below)"
      }
      return "nothing found, because no rule had the events that it needs (below)"
    }
    return "nothing found, but the capture has gaps (below)"
  }

  private func cleanWords(_ rules: [RuleReport]) -> String {
    let decided = rules.count { $0.status == .clean || $0.status == .findings }
    guard decided < rules.count else { return "no misuse; all \(decided) rules could decide" }
    return "no misuse by the \(decided) of \(rules.count) rules that could decide"
  }

  private func findingWords(_ analysis: Analysis) -> String {
    let parts = Severity.allCases.reversed().compactMap { severity -> String? in
      let count = analysis.findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(severity.rawValue)"
    }
    let number = NumberText.counted(UInt64(analysis.findings.count), "finding")
    let gaps = analysis.losses.contains { $0.code.severity == .dataLoss }
    return "\(number) (\(parts.joined(separator: ", ")))\(standings(analysis))"
      + (gaps ? "; the capture has gaps" : "")
  }

  /// `; 1 new, 2 known`, when the analysis was compared with another one.
  private func standings(_ analysis: Analysis) -> String {
    let parts = Standing.allCases.compactMap { standing -> String? in
      let count = analysis.findings.count { $0.standing == standing }
      return count == 0 ? nil : "\(count) \(standing.rawValue)"
    }
    return parts.isEmpty ? "" : "; " + parts.joined(separator: ", ")
  }

  private func totals(_ analysis: Analysis) -> String {
    let capture = analysis.capture
    let nanoseconds = capture.timeIsNanoseconds
    let span = capture.end >= capture.start ? capture.end &- capture.start : 0
    var parts = [
      "\(NumberText.grouped(capture.eventsRead)) events read, "
        + "\(NumberText.grouped(analysis.eventsUsed)) used",
      NumberText.time(span, nanoseconds: nanoseconds) + (nanoseconds ? " s" : " ticks"),
      capture.kernel.isEmpty ? "kernel unknown" : "kernel \(capture.kernel)",
      capture.clock.isEmpty ? "clock unknown" : "clock \(capture.clock)",
    ]
    if capture.logLines > 0 {
      parts.insert(
        "\(NumberText.counted(capture.logLines, "line")) of the kernel's log"
          + (capture.logPath.isEmpty ? "" : " in \(capture.logPath)"), at: 0)
      if capture.eventsRead == 0 {
        parts = [parts[0], capture.kernel.isEmpty ? "kernel unknown" : "kernel \(capture.kernel)"]
      }
    }
    if capture.cpus > 0 { parts.append(NumberText.counted(UInt64(capture.cpus), "CPU")) }
    parts.append(capture.kind)
    return parts.joined(separator: "; ").escapedForTerminal
  }
}
