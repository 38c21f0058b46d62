import LedgerCore

/// Analyses as JUnit XML in the dialect of Jenkins and Maven: a suite a capture, a case a rule.
///
/// A finding is a failure, also one that is known, unless `--fail-on` or a suppression lets it pass; a rule that
/// could not decide is skipped; a capture that cannot be read is an error. No times are told: the same capture gives the same
/// bytes.
struct JUnitReport {
  let options: CIOptions

  private struct Suite {
    let analysis: Analysis
    let cases: [RuleCase]
    var failures = 0
    var errors = 0
    var skipped = 0

    init(_ analysis: Analysis, _ options: CIOptions) {
      self.analysis = analysis
      cases = RuleCase.all(analysis, options)
      for test in cases {
        switch test.outcome {
        case .passed: break
        case .skipped: skipped += 1
        case .failed: failures += 1
        case .broken: errors += 1
        }
      }
    }
  }

  func render(_ analyses: [Analysis]) -> [UInt8] {
    let suites = analyses.map { Suite($0, options) }
    var writer = XMLWriter()
    writer.element(
      "testsuites",
      [
        "name": "pageledger", "tests": "\(suites.reduce(0) { $0 + $1.cases.count })",
        "failures": "\(suites.reduce(0) { $0 + $1.failures })",
        "errors": "\(suites.reduce(0) { $0 + $1.errors })",
      ]
    ) { writer in
      for suite in suites { write(suite, to: &writer) }
    }
    return writer.bytes
  }

  private func write(_ suite: Suite, to writer: inout XMLWriter) {
    let analysis = suite.analysis
    let path = CIText.line(analysis.capture.path, limit: CIText.pathLimit)
    writer.element(
      "testsuite",
      [
        "name": path, "tests": "\(suite.cases.count)", "failures": "\(suite.failures)",
        "errors": "\(suite.errors)", "skipped": "\(suite.skipped)", "time": "0",
      ]
    ) { writer in
      writer.element("properties") { writer in
        for (name, value) in properties(analysis) {
          writer.element("property", ["name": name, "value": value])
        }
      }
      for test in suite.cases { write(test, of: analysis, to: &writer) }
      writer.element("system-out", text: CIText.joined(CIText.summary(analysis)))
      if let failure = analysis.failure {
        writer.element("system-err", text: CIText.line(failure) + "\n")
      }
    }
  }

  private func properties(_ analysis: Analysis) -> [(String, String)] {
    [("verdict", analysis.verdict.rawValue)]
      + CaptureFacts.pairs(analysis).dropFirst().map {
        ($0.label.lowercased(), CIText.line($0.words))
      }
  }

  private func write(_ test: RuleCase, of analysis: Analysis, to writer: inout XMLWriter) {
    let attributes: KeyValuePairs = [
      "name": test.name, "classname": Self.className(analysis.capture.path), "time": "0",
    ]
    let nanoseconds = analysis.capture.timeIsNanoseconds
    switch test.outcome {
    case .passed where test.findings.isEmpty: writer.element("testcase", attributes)
    case .passed:
      let text = Self.text(test.findings, nanoseconds: nanoseconds)
      writer.element("testcase", attributes) { $0.element("system-out", text: text) }
    case .skipped(let reason):
      writer.element("testcase", attributes) { $0.element("skipped", ["message": reason]) }
    case .broken(let reason):
      writer.element("testcase", attributes) {
        $0.element("error", ["message": reason, "type": "unreadable"], text: reason)
      }
    case .failed:
      let failing = test.findings.filter(options.fails)
      let rest = failing.count > 1 ? " (and \(failing.count - 1) more)" : ""
      let first = failing.first
      let message = CIText.line(first?.title ?? "") + rest
      let text = Self.text(test.findings, nanoseconds: nanoseconds)
      writer.element("testcase", attributes) {
        $0.element(
          "failure", ["message": message, "type": first?.severity.rawValue ?? ""], text: text)
      }
    }
  }

  private static func text(_ findings: [Finding], nanoseconds: Bool) -> String {
    var rows: [String] = []
    for (index, finding) in findings.enumerated() {
      // What the limit would cut need not be made.
      guard index < 200 else {
        rows.append("... \(findings.count - index) more findings")
        break
      }
      rows.append(CIText.line("\(finding.severity.rawValue): \(finding.title)"))
      rows += CIText.rows(finding, nanoseconds: nanoseconds).map { "  " + $0 }
    }
    return CIText.joined(rows)
  }

  /// `pageledger.logs/trace_dat`: CI systems take what stands before the last dot for a package.
  private static func className(_ path: String) -> String {
    "pageledger." + CIText.line(path, limit: CIText.pathLimit).replacing(".", with: "_")
  }
}
