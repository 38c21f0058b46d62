import LedgerCore

/// A batch as KTAP version 1: a subtest a suite of `BatchSuite`, a test a case.
struct KTAPBatch {
  let options: CIOptions
  /// Rows that are told of one test, and bytes of all.
  private static let rowLimit = 200
  private static let textLimit = 16_000_000

  func render(_ batch: BatchDetail) -> [UInt8] {
    let suites = BatchSuite.all(batch, options)
    var text = "KTAP version 1\n1..\(suites.count)\n"
    for (index, suite) in suites.enumerated() { append(suite, index + 1, batch, to: &text) }
    return Array(text.utf8)
  }

  private func append(
    _ suite: BatchSuite, _ number: Int, _ batch: BatchDetail, to text: inout String
  ) {
    let name = KTAPReport.name(suite.name)
    var isFailed = false
    var skipped = 0
    text += "  KTAP version 1\n  # Subtest: \(name)\n  1..\(suite.cases.count)\n"
    for (index, test) in suite.cases.enumerated() {
      switch test.outcome {
      case .failed, .broken: isFailed = true
      case .skipped: skipped += 1
      case .passed: break
      }
      // kunit's parser takes a result with the name of the subtest for its end.
      let own = KTAPReport.name(test.name)
      append(test, "\(index + 1) " + (own == name ? own + "." : own), batch, to: &text)
    }
    KTAPReport.remarks(suite.remarks, indent: "", to: &text)
    let end = skipped == suite.cases.count ? " # SKIP no rule could decide" : ""
    text += "\(isFailed ? "not ok" : "ok") \(number) \(name)\(end)\n"
  }

  private func append(
    _ test: BatchSuite.Case, _ name: String, _ batch: BatchDetail, to text: inout String
  ) {
    var rows: [String] = []
    for (index, place) in test.findings.enumerated() {
      guard rows.count < Self.rowLimit, text.utf8.count < Self.textLimit else {
        rows.append("... \(test.findings.count - index) more findings")
        break
      }
      rows += BatchSuite.rows(place, batch, isFull: index < 3)
    }
    if case .broken(let reason) = test.outcome { rows.append("\(test.kind): \(reason)") }
    KTAPReport.remarks(rows, indent: "  ", to: &text)
    switch test.outcome {
    case .passed: text += "  ok \(name)\n"
    case .failed, .broken: text += "  not ok \(name)\n"
    case .skipped(let reason): text += "  ok \(name) # SKIP \(reason)\n"
    }
  }
}
