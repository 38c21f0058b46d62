import LedgerCore

/// A batch as JUnit XML, see `BatchSuite`. No times are told: the same captures give the same bytes.
struct JUnitBatch {
  let options: CIOptions

  /// Bytes of text in one case, and in all together; what is beyond is counted.
  private static let caseLimit = 32_000
  private static let textLimit = 16_000_000
  /// Findings of one case whose evidence is told.
  private static let fullLimit = 3

  func render(_ batch: BatchDetail) -> [UInt8] {
    let suites = BatchSuite.all(batch, options)
    var writer = XMLWriter()
    var left = Self.textLimit
    let counts = Self.counts(suites.flatMap(\.cases))
    writer.element(
      "testsuites",
      [
        "name": "pageledger", "tests": "\(counts.tests)", "failures": "\(counts.failures)",
        "errors": "\(counts.errors)", "time": "0",
      ]
    ) { writer in
      for suite in suites { write(suite, batch, &left, to: &writer) }
    }
    return writer.bytes
  }

  private static func counts(
    _ cases: [BatchSuite.Case]
  ) -> (tests: Int, failures: Int, errors: Int, skipped: Int) {
    var counts = (tests: cases.count, failures: 0, errors: 0, skipped: 0)
    for test in cases {
      switch test.outcome {
      case .passed: break
      case .failed: counts.failures += 1
      case .broken: counts.errors += 1
      case .skipped: counts.skipped += 1
      }
    }
    return counts
  }

  private func write(
    _ suite: BatchSuite, _ batch: BatchDetail, _ left: inout Int, to writer: inout XMLWriter
  ) {
    let counts = Self.counts(suite.cases)
    writer.element(
      "testsuite",
      [
        "name": suite.name, "tests": "\(counts.tests)", "failures": "\(counts.failures)",
        "errors": "\(counts.errors)", "skipped": "\(counts.skipped)", "time": "0",
      ]
    ) { writer in
      let group = "pageledger." + suite.name.replacing(".", with: "_")
      for test in suite.cases { write(test, group, batch, &left, to: &writer) }
      writer.element("system-out", text: CIText.joined(suite.remarks))
    }
  }

  private func write(
    _ test: BatchSuite.Case, _ group: String, _ batch: BatchDetail, _ left: inout Int,
    to writer: inout XMLWriter
  ) {
    let attributes: KeyValuePairs = ["name": test.name, "classname": group, "time": "0"]
    switch test.outcome {
    case .passed where test.findings.isEmpty: writer.element("testcase", attributes)
    case .passed:
      let text = text(test.findings, batch, &left)
      writer.element("testcase", attributes) { $0.element("system-out", text: text) }
    case .skipped(let reason):
      writer.element("testcase", attributes) { $0.element("skipped", ["message": reason]) }
    case .broken(let reason):
      writer.element("testcase", attributes) {
        $0.element("error", ["message": reason, "type": test.kind], text: reason)
      }
    case .failed:
      let findings = batch.summary.findings
      let failing = test.findings.filter { options.fails(findings[$0]) }
      let first = failing.first.map { findings[$0] }
      let rest = failing.count > 1 ? " (and \(failing.count - 1) more)" : ""
      let message = CIText.line(first?.title ?? "") + rest
      let text = text(test.findings, batch, &left)
      writer.element("testcase", attributes) {
        $0.element(
          "failure", ["message": message, "type": first?.severity.rawValue ?? ""], text: text)
      }
    }
  }

  private func text(_ findings: [Int], _ batch: BatchDetail, _ left: inout Int) -> String {
    let limit = min(Self.caseLimit, left)
    var rows: [String] = []
    var size = 0
    for (index, place) in findings.enumerated() {
      guard size < limit else {
        rows.append("... \(findings.count - index) more findings")
        break
      }
      let part = BatchSuite.rows(place, batch, isFull: index < Self.fullLimit)
      size += part.reduce(0) { $0 + $1.utf8.count + 1 }
      rows += part
    }
    let text = CIText.joined(rows, limit: max(200, limit))
    left = max(0, left - text.utf8.count)
    return text
  }
}
