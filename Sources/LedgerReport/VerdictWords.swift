import LedgerCore

/// The verdict on a capture in words that every form shares.
enum VerdictWords {
  static func name(_ verdict: AnalysisVerdict) -> String {
    switch verdict {
    case .clean: "Clean"
    case .findings: "Findings"
    case .incomplete: "Incomplete"
    case .unreadable: "Unreadable"
    }
  }

  /// `1 critical, 1 high`, or why there are none.
  static func claim(_ analysis: Analysis) -> String {
    switch analysis.verdict {
    case .clean:
      let decided = decided(analysis)
      let words =
        decided < analysis.rules.count
        ? "No misuse by the \(decided) of \(analysis.rules.count) rules that could decide"
        : "No misuse; all \(decided) rules could decide"
      let notes = UInt64(analysis.findings.count { $0.severity == .info })
      return notes == 0
        ? words : words + "; \(NumberText.counted(notes, "finding")) for information"
    case .findings: return counts(analysis)
    case .incomplete:
      return analysis.findings.contains { $0.severity > .info }
        ? "Nothing is certain: \(counts(analysis))" : "Nothing was found, and that proves nothing"
    case .unreadable:
      let reason = analysis.failure ?? "the capture could not be read"
      return analysis.findings.isEmpty ? reason : counts(analysis) + "; then: " + reason
    }
  }

  private static func counts(_ analysis: Analysis) -> String { StandingWords.counts(analysis) }

  /// How far the verdict can be trusted, in one or two sentences.
  static func trust(_ analysis: Analysis) -> String {
    let lost = analysis.losses.filter { $0.code.severity == .dataLoss }
    let silent = analysis.rules.count - decided(analysis)
    var words: [String] = []
    if analysis.verdict == .unreadable, analysis.capture.eventsRead == 0 {
      return "Nothing was read, so nothing is known about any page."
    }
    if lost.isEmpty {
      words.append("No event is known to be missing.")
    } else {
      let kinds = Set(lost.map(\.code.rawValue)).sorted().joined(separator: ", ")
      words.append("The capture has gaps (\(kinds)): what is not found may still have happened.")
    }
    if silent > 0, !analysis.rules.isEmpty {
      words.append(
        "\(silent) of \(analysis.rules.count) rules could not decide for want of events."
      )
    } else if !analysis.rules.isEmpty {
      words.append("Every rule had the events that it needs.")
    }
    if !analysis.capture.clockOrdersCPUs {
      words.append("The clock \(analysis.capture.clock) does not order events of different CPUs.")
    }
    return words.joined(separator: " ")
  }

  /// What a page without findings says in their place.
  static func nothing(_ analysis: Analysis) -> String {
    switch analysis.verdict {
    case .unreadable: "The capture could not be read to its end."
    case .incomplete: "No rule found a misuse. Coverage and Losses say what stood in the way."
    default:
      decided(analysis) < analysis.rules.count
        ? "No rule found a misuse. Coverage says which rules could not decide, and what to record for them."
        : "No rule found a misuse."
    }
  }

  static func decided(_ analysis: Analysis) -> Int {
    analysis.rules.count { $0.status == .clean || $0.status == .findings }
  }
}
