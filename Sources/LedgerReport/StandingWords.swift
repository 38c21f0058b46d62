import LedgerCore

/// How findings stand to an earlier run, in words and in the order in which they are read.
enum StandingWords {
  /// Standings in reading order; nil stands for findings that were compared with nothing.
  static let order: [Standing?] = [.new, nil, .known, .suppressed]

  /// `new`, `known`, `suppressed`; `open` where nothing is said.
  static func name(_ standing: Standing?) -> String { standing?.rawValue ?? "open" }

  /// The findings, new ones first and suppressed ones last; within each group as they were.
  static func ranked(_ analysis: Analysis) -> [Finding] {
    guard analysis.comparison != nil else { return analysis.findings }
    return order.flatMap { standing in analysis.findings.filter { $0.standing == standing } }
  }

  static func count(_ analysis: Analysis, _ standing: Standing?) -> Int {
    analysis.findings.count { $0.standing == standing }
  }

  /// `1 critical, 2 high` of some findings, empty for none.
  static func severities(_ findings: some Sequence<Finding>) -> String {
    var counts: [Severity: UInt64] = [:]
    for finding in findings { counts[finding.severity, default: 0] += 1 }
    return Severity.allCases.reversed().compactMap { severity in
      counts[severity].map { "\(NumberText.grouped($0)) \(severity.rawValue)" }
    }.joined(separator: ", ")
  }

  /// `1 new (1 high), 2 known, 1 suppressed`; without a comparison only the severities.
  static func counts(_ analysis: Analysis) -> String {
    guard let comparison = analysis.comparison else { return severities(analysis.findings) }
    let new = severities(analysis.findings.filter { $0.standing == .new })
    let open = severities(analysis.findings.filter { $0.standing == nil })
    var parts: [String] = []
    if !new.isEmpty {
      parts.append("\(NumberText.grouped(UInt64(count(analysis, .new)))) new (\(new))")
    } else if !comparison.baseline.isEmpty {
      parts.append("nothing new")
    }
    if !open.isEmpty { parts.append(open) }
    for standing in [Standing.known, .suppressed] where count(analysis, standing) > 0 {
      let number = NumberText.grouped(UInt64(count(analysis, standing)))
      parts.append("\(number) \(standing.rawValue)")
    }
    return parts.joined(separator: ", ")
  }

  /// `Compared with base.json: 1 fixed, 2 could not be judged.`; nil without a comparison.
  static func summary(_ analysis: Analysis) -> String? { analysis.comparison.map(words) }

  static func words(_ comparison: Comparison) -> String {
    guard !comparison.baseline.isEmpty else { return "Suppressions of the project were applied." }
    let unjudged = comparison.unjudged.count
    var words = "Compared with \(comparison.baseline): "
    words += comparison.fixed.isEmpty ? "nothing was fixed" : "\(comparison.fixed.count) fixed"
    if unjudged > 0 {
      words += ", \(unjudged) of the earlier findings could not be judged this time"
    }
    return words + "."
  }
}
