import LedgerCore

/// What a capture says about itself, as pairs of a label and words.
enum CaptureFacts {
  static func pairs(_ analysis: Analysis) -> [(label: String, words: String)] {
    let capture = analysis.capture
    let span = capture.end >= capture.start ? capture.end &- capture.start : 0
    let unit = capture.timeIsNanoseconds ? " s" : " ticks"
    var pairs = [
      ("Capture", capture.path), ("Kind", capture.kind),
      ("Kernel", capture.kernel.isEmpty ? "unknown" : capture.kernel),
      ("Clock", capture.clock.isEmpty ? "unknown" : capture.clock),
      ("CPUs", capture.cpus > 0 ? "\(capture.cpus)" : "unknown"),
      (
        "Events",
        "\(NumberText.grouped(capture.eventsRead)) read, "
          + "\(NumberText.grouped(analysis.eventsUsed)) used"
      ),
      ("Span", NumberText.time(span, nanoseconds: capture.timeIsNanoseconds) + unit),
      ("First event", NumberText.time(capture.start, nanoseconds: capture.timeIsNanoseconds)),
    ]
    // Of what was never read only the name is known.
    if capture.eventsRead == 0, capture.logLines == 0, analysis.verdict == .unreadable {
      pairs.removeSubrange(1...)
    }
    // A log alone has neither events nor their clock.
    if capture.eventsRead == 0, capture.logLines > 0 { pairs.removeSubrange(3...) }
    if capture.logLines > 0 {
      pairs.append(
        (
          "Kernel log",
          NumberText.counted(capture.logLines, "line")
            + (capture.logPath.isEmpty ? "" : " in \(capture.logPath)")
            + (capture.logDropped > 0
              ? ", \(NumberText.grouped(capture.logDropped)) messages dropped" : "")
        ))
    }
    return pairs.map { (label: $0.0, words: $0.1) }
  }
}
