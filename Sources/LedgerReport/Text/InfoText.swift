public import LedgerCore

/// Writes what a capture holds and what it lets the rules decide.
public struct InfoText {
  private let style: TextStyle
  private static let indent = 12

  /// A writer with a style.
  public init(style: TextStyle = .plain) { self.style = style }

  /// The whole text, ending in a newline.
  public func render(_ analysis: Analysis) -> String {
    var page = TextPage()
    let capture = analysis.capture
    page.line(style.paint(capture.path.escapedForTerminal, .strong))
    field("kind", capture.kind, on: &page)
    field("kernel", capture.kernel.isEmpty ? "unknown" : capture.kernel, on: &page)
    let isLog = capture.eventsRead == 0 && capture.logLines > 0
    if !isLog {
      field("clock", clock(analysis), on: &page)
      field("CPUs", capture.cpus > 0 ? "\(capture.cpus)" : "unknown", on: &page)
    }
    if capture.logLines > 0 {
      field("log", "\(NumberText.counted(capture.logLines, "line")) of the kernel", on: &page)
    }
    field("span", span(capture), on: &page)
    field(
      "events",
      "\(NumberText.grouped(capture.eventsRead)), the replay uses "
        + NumberText.grouped(analysis.eventsUsed), on: &page)
    renderEvents(capture.events, on: &page)
    GapText(style: style).render(losses: analysis.losses, on: &page)
    renderRules(analysis.rules, on: &page)
    return page.text
  }

  private func field(_ label: String, _ words: String, on page: inout TextPage) {
    page.paragraph(words.escapedForTerminal, label: "  " + label, indent: Self.indent)
  }

  private func clock(_ analysis: Analysis) -> String {
    let capture = analysis.capture
    if !capture.timeIsNanoseconds,
      analysis.losses.contains(where: { $0.code == .contextNotPrinted })
    {
      return "none; the order of the lines stands for it"
    }
    guard !capture.clock.isEmpty else { return "not named; assumed to order events of all CPUs" }
    return capture.clock
      + (capture.clockOrdersCPUs
        ? ", orders events of all CPUs" : ", does not order events of different CPUs")
  }

  private func span(_ capture: CaptureInfo) -> String {
    guard capture.eventsRead > 0 else { return "no event" }
    let nanoseconds = capture.timeIsNanoseconds
    let length = capture.end >= capture.start ? capture.end &- capture.start : 0
    return "\(NumberText.time(capture.start, nanoseconds: nanoseconds)) to "
      + "\(NumberText.time(capture.end, nanoseconds: nanoseconds)), "
      + NumberText.time(length, nanoseconds: nanoseconds) + (nanoseconds ? " s" : " ticks")
  }

  private func renderEvents(_ events: [EventCount], on page: inout TextPage) {
    let seen = CaptureDocument.counts(events).sorted {
      $0.count != $1.count ? $0.count > $1.count : $0.name < $1.name
    }
    guard !seen.isEmpty else { return }
    page.line()
    page.line(style.paint("Events by name", .strong))
    for row in seen {
      page.line(
        NumberText.grouped(row.count).padded(left: 16) + "  " + row.name.escapedForTerminal)
    }
  }

  private func renderRules(_ rules: [RuleReport], on page: inout TextPage) {
    guard !rules.isEmpty else { return }
    page.line()
    page.line(style.paint("What the rules can decide", .strong))
    for rule in rules {
      let missing = rule.missing.isEmpty ? "" : ": " + rule.missing.joined(separator: "; ")
      page.line("  \(rule.id)  \(rule.name.escapedForTerminal)")
      page.paragraph(
        (Decidability(rule.status).rawValue + missing).escapedForTerminal, indent: 9)
    }
    if let line = RecordAdvice.line(for: rules) { page.line("  to decide: \(line)") }
  }
}

/// Whether a capture lets a rule decide.
enum Decidability: String {
  case decidable
  case undecidable
  case notRecorded = "not-recorded"

  /// What a rule's status after a run says about the capture.
  init(_ status: RuleStatus) {
    switch status {
    case .clean, .findings: self = .decidable
    case .undecidable: self = .undecidable
    case .notRecorded: self = .notRecorded
    }
  }
}
