import LedgerCore
import LedgerReport
import Testing

/// JUnit and KTAP: rules as tests.
@Suite struct TestFormatTests {
  static func mixed(_ findings: [Finding]) -> Analysis {
    var analysis = SampleAnalysis.full
    analysis.findings = findings
    analysis.rules = [
      RuleReport(id: "PL001", name: "clean one", status: .clean, missing: []),
      RuleReport(id: "PL010", name: "refused tail", status: .findings, missing: []),
      RuleReport(id: "PL021", name: "leak", status: .undecidable, missing: ["events were lost"]),
      RuleReport(id: "PL022", name: "count # mangled", status: .notRecorded, missing: ["a probe"]),
    ]
    return analysis
  }

  static let outcomes: [(String, Finding, CIOptions, fails: Bool)] = [
    ("high", FormatReader.finding(.high), CIOptions(), true),
    ("known", FormatReader.finding(.high, .known), CIOptions(), true),
    (
      "known, only new", FormatReader.finding(.high, .known),
      CIOptions(bar: FailureBar(onlyNew: true)), false
    ),
    (
      "new, only new", FormatReader.finding(.high, .new), CIOptions(bar: FailureBar(onlyNew: true)),
      true
    ),
    ("suppressed", FormatReader.finding(.critical, .suppressed), CIOptions(), false),
    ("info", FormatReader.finding(.info), CIOptions(), false),
    ("below", FormatReader.finding(.medium), CIOptions(bar: FailureBar(threshold: .high)), false),
  ]

  @Test(arguments: outcomes.indices) func whatFailsIsAFailure(_ index: Int) throws {
    let (_, finding, options, fails) = Self.outcomes[index]
    let analysis = Self.mixed([finding])
    let junit = FormatReader.text(.junit, [analysis], options)
    #expect(junit.contains("<failure") == fails)
    #expect(junit.contains(SampleAnalysis.finding.title), "told even when it passes")
    if let counts = try FormatReader.counts(.junit, Array(junit.utf8)) {
      #expect(counts["tests"] as? Int == 4)
      #expect(counts["skipped"] as? Int == 2)
      #expect(counts["failures"] as? Int == (fails ? 1 : 0))
    }
    let ktap = FormatReader.text(.ktap, [analysis], options)
    #expect(ktap.contains("\nnot ok 1 ") == fails)
    #expect(ktap.hasPrefix("KTAP version 1\n1..1\n  KTAP version 1\n"))
    #expect(ktap.contains("  ok 1 PL001 clean one\n"))
    #expect(
      ktap.contains("  ok 3 PL021 leak # SKIP undecidable: events were lost; pageledger record "))
    #expect(
      ktap.contains(
        "  ok 4 PL022 count \\x23 mangled # SKIP not recorded: a probe; pageledger record --for PL022 "
      ))
    if let counts = try FormatReader.counts(.ktap, Array(ktap.utf8)) {
      #expect(counts["failed"] as? Int == (fails ? 1 : 0))
      #expect(counts["passed"] as? Int == (fails ? 1 : 2))
      #expect(counts["skipped"] as? Int == 2)
    }
  }

  @Test(arguments: [ReportFormat.junit, .ktap]) func manyFindingsStayShort(_ format: ReportFormat)
    throws
  {
    let bytes = FormatReader.bytes(format, [HTMLReportTests.many(30_000)])
    #expect(bytes.count < 80_000)
    _ = try FormatReader.counts(format, bytes)
  }

  /// What was read before the end proves nothing about the rest.
  @Test func brokenCapturesAreNeverClean() throws {
    var analysis = Self.mixed([])
    analysis.verdict = .unreadable
    analysis.failure = "a.dat: read failed"
    let junit = FormatReader.text(.junit, [analysis])
    #expect(junit.contains(#"<error message="a.dat: read failed" type="unreadable">"#))
    #expect(junit.components(separatedBy: "<skipped").count == 5)
    #expect(FormatReader.text(.ktap, [analysis]).contains("  not ok 1 capture\n"))
  }

  /// kunit takes a result with the name of the subtest for its end.
  @Test func namesOfCapturesAndTestsDiffer() throws {
    var analysis = FormatReader.unreadable
    analysis.capture.path = "capture"
    let counts = try FormatReader.counts(.ktap, FormatReader.bytes(.ktap, [analysis]))
    if let counts { #expect(counts["failed"] as? Int == 1) }
  }
}
