import LedgerCore

/// Analyses as KTAP version 1 (Documentation/dev-tools/ktap.rst): a subtest a capture, a test a rule.
///
/// Plans come first, what is told of a test stands before its result, as kunit prints it. Outcomes are those of JUnit.
struct KTAPReport {
  let options: CIOptions
  /// Rows that are told of one test.
  private static let rowLimit = 200

  func render(_ analyses: [Analysis]) -> [UInt8] {
    var text = "KTAP version 1\n"
    guard !analyses.isEmpty else {
      return Array((text + "1..0 # SKIP no capture was analyzed\n").utf8)
    }
    text += "1..\(analyses.count)\n"
    for (index, analysis) in analyses.enumerated() { append(analysis, index + 1, to: &text) }
    return Array(text.utf8)
  }

  private func append(_ analysis: Analysis, _ number: Int, to text: inout String) {
    let cases = RuleCase.all(analysis, options)
    let name = Self.name(analysis.capture.path)
    var isFailed = false
    var skipped = 0
    guard !cases.isEmpty else {
      Self.remarks(CIText.summary(analysis), indent: "", to: &text)
      text += "ok \(number) \(name) # SKIP no rule was asked\n"
      return
    }
    text += "  KTAP version 1\n  # Subtest: \(name)\n  1..\(cases.count)\n"
    for (index, test) in cases.enumerated() {
      switch test.outcome {
      case .failed, .broken: isFailed = true
      case .skipped: skipped += 1
      case .passed: break
      }
      // kunit's parser takes a result with the name of the subtest for its end.
      let own = Self.name(test.name)
      append(test, "\(index + 1) " + (own == name ? own + "." : own), analysis.capture, to: &text)
    }
    Self.remarks(CIText.summary(analysis), indent: "", to: &text)
    let end = skipped == cases.count ? " # SKIP no rule could decide" : ""
    text += "\(isFailed ? "not ok" : "ok") \(number) \(name)\(end)\n"
  }

  private func append(
    _ test: RuleCase, _ name: String, _ capture: CaptureInfo, to text: inout String
  ) {
    var rows: [String] = []
    for finding in test.findings {
      guard rows.count < Self.rowLimit else {
        rows.append("... more findings")
        break
      }
      rows.append(
        CIText.line("\(finding.severity.rawValue) \(finding.verdict.rawValue): \(finding.title)"))
      rows += CIText.rows(finding, nanoseconds: capture.timeIsNanoseconds).map { "  " + $0 }
    }
    if case .broken(let reason) = test.outcome { rows.append(reason) }
    Self.remarks(rows, indent: "  ", to: &text)
    switch test.outcome {
    case .passed: text += "  ok \(name)\n"
    case .failed, .broken: text += "  not ok \(name)\n"
    case .skipped(let reason): text += "  ok \(name) # SKIP \(reason)\n"
    }
  }

  /// Two blanks behind the mark: with one, words could be taken for the head of a subtest.
  static func remarks(_ rows: [String], indent: String, to text: inout String) {
    for row in rows { text += "\(indent)#  \(row)\n" }
  }

  /// A name ends at `#`, which starts a directive, and must not look like the number in front of it.
  static func name(_ words: String) -> String {
    let shown = CIText.line(words, limit: CIText.pathLimit).replacing("#", with: "\\x23")
    let trimmed = String(shown.drop { $0 == " " || $0 == "-" })
    var rest = trimmed[...]
    while rest.last == " " { rest = rest.dropLast() }
    return rest.isEmpty ? "standard-input" : String(rest)
  }
}
