import LedgerCore

/// How reading went: an invocation a capture, with what was lost and what was left out.
struct SarifInvocations {
  let options: CIOptions
  /// Findings that do not fit.
  let hidden: Int
  let limits: SarifLimits
  /// Findings of a batch some of whose captures are not named.
  var unnamed = 0

  private struct Note {
    var level: String
    var id: String
    var words: String
    /// The capture it is about.
    var path: String?
  }

  func write(_ analyses: [Analysis], to writer: inout JSONWriter) {
    let shown = analyses.prefix(SarifLimits.invocations)
    let rest = analyses.dropFirst(SarifLimits.invocations)
    writer.key("invocations")
    writer.array { writer in
      for analysis in shown {
        invocation(analysis.verdict != .unreadable, notes(analysis), analysis.capture, &writer)
      }
      guard !rest.isEmpty || shown.isEmpty || cut != nil else { return }
      let broken = rest.count { $0.verdict == .unreadable }
      var notes = cut.map { [$0] } ?? []
      if !rest.isEmpty {
        let words = "\(rest.count) more captures, of which \(broken) cannot be read"
        notes.append(Note(level: broken > 0 ? "error" : "note", id: "more-captures", words: words))
      }
      invocation(broken == 0, notes, nil, &writer)
    }
  }

  /// Of a batch one invocation tells what became of the captures.
  func write(_ batch: BatchDetail, to writer: inout JSONWriter) {
    let summary = batch.summary
    writer.key("invocations")
    writer.array { writer in
      let isSuccess = summary.troubleCount == 0 && summary.remaining == 0
      invocation(isSuccess, (cut.map { [$0] } ?? []) + notes(batch), nil, &writer)
    }
  }

  private func notes(_ batch: BatchDetail) -> [Note] {
    let summary = batch.summary
    var notes = [Note(level: "note", id: "batch", words: CIText.line(BatchWords.counts(summary)))]
    if summary.remaining > 0 {
      notes.append(
        Note(level: "error", id: "not-finished", words: "\(summary.remaining) inputs not reached"))
    }
    for trouble in summary.troubles.prefix(SarifLimits.invocations) {
      notes.append(
        Note(
          level: "error", id: trouble.status.rawValue,
          words: CIText.line(trouble.error.isEmpty ? trouble.status.rawValue : trouble.error),
          path: trouble.path))
    }
    let rest = summary.troubleCount - min(summary.troubles.count, SarifLimits.invocations)
    if rest > 0 {
      notes.append(
        Note(level: "error", id: "more-captures", words: "\(rest) more captures have no result"))
    }
    for loss in summary.losses {
      notes.append(
        Note(
          level: loss.code.severity == .dataLoss ? "warning" : "note", id: loss.code.rawValue,
          words: CIText.line("in \(loss.captures) captures: \(loss.code.advice)")))
    }
    for rule in summary.rules where !rule.hasDecided && summary.captures > 0 {
      let reason = BatchWords.reason(batch.silences[rule.id], rule)
      notes.append(
        Note(level: "note", id: "undecided", words: CIText.line("\(rule.id) \(reason)")))
    }
    if let words = BatchWords.comparison(summary) {
      notes.append(Note(level: "note", id: "baseline", words: CIText.line(words)))
    }
    for finding in (summary.comparison?.fixed ?? []).prefix(SarifLimits.notifications) {
      notes.append(
        Note(level: "note", id: "fixed", words: CIText.line("\(finding.id): \(finding.title)")))
    }
    for remark in (summary.comparison?.remarks ?? []).prefix(SarifLimits.notifications) {
      notes.append(Note(level: "warning", id: "suppressions", words: CIText.line(remark)))
    }
    return notes
  }

  /// What the limits took away.
  private var cut: Note? {
    let whole = SarifLimits()
    var words: [String] = []
    if hidden > 0 {
      words.append(
        "\(NumberText.counted(UInt64(hidden), "finding")) of lowest rank left out: "
          + (limits.results == whole.results
            ? "a run may have \(NumberText.grouped(UInt64(whole.results)))"
            : "the packed file may have 10 MB"))
    }
    if limits.steps < whole.steps || limits.functions < whole.functions {
      words.append("chains of events and code were cut to keep the file below 10 MB")
    }
    if unnamed > 0 {
      words.append(
        "of \(NumberText.counted(UInt64(unnamed), "finding")) not all captures are named")
    }
    guard !words.isEmpty else { return nil }
    return Note(
      level: "warning", id: "limits",
      words: words.joined(separator: "; ") + "; the JSON report has everything")
  }

  private func notes(_ analysis: Analysis) -> [Note] {
    var notes: [Note] = []
    if analysis.verdict == .unreadable {
      let reason = analysis.failure ?? "the capture could not be read"
      notes.append(Note(level: "error", id: "unreadable", words: CIText.line(reason)))
    }
    for loss in analysis.losses.prefix(SarifLimits.notifications) {
      notes.append(
        Note(
          level: loss.code.severity == .dataLoss ? "warning" : "note", id: loss.code.rawValue,
          words: CIText.line("\(loss.code.rawValue): \(GapText.words(loss)). \(loss.code.advice)")))
    }
    let silent = analysis.rules.filter { $0.status == .undecidable || $0.status == .notRecorded }
    if !silent.isEmpty {
      let names = silent.map(\.id).joined(separator: ", ")
      notes.append(
        Note(
          level: "note", id: "undecided",
          words: CIText.line(
            "\(silent.count) of \(analysis.rules.count) rules could not decide: \(names)")))
    }
    for remark in (analysis.comparison?.remarks ?? []).prefix(SarifLimits.notifications) {
      notes.append(Note(level: "warning", id: "suppressions", words: CIText.line(remark)))
    }
    return notes
  }

  private func invocation(
    _ isSuccess: Bool, _ notes: [Note], _ capture: CaptureInfo?, _ writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.member("executionSuccessful", isSuccess)
      writer.key("toolExecutionNotifications")
      writer.array { writer in
        for note in notes {
          writer.object { writer in
            writer.member("level", note.level)
            SarifWords.message(note.words, to: &writer)
            writer.key("descriptor")
            writer.object { $0.member("id", note.id) }
            guard let path = note.path ?? capture?.path else { return }
            writer.key("locations")
            writer.array { writer in
              writer.object { SarifWords.physical(Anchor(path: path), to: &$0) }
            }
          }
        }
      }
      guard let capture else { return }
      writer.key("properties")
      writer.object {
        $0.member("capture", CIText.line(capture.path, limit: CIText.pathLimit))
      }
    }
  }
}
