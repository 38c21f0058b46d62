import LedgerCore
import LedgerReport
import Testing

/// GitHub's annotations and GitLab's issues.
@Suite struct AnnotationTests {
  @Test func tenOfEachLevelAreShown() throws {
    var analysis = SampleAnalysis.full
    analysis.findings = [Severity.high, .medium, .info].flatMap { severity in
      (0..<12).map { FormatReader.finding(severity, id: "\(severity)-\($0)") }
    }
    let text = FormatReader.text(.github, [analysis])
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("::error ") } == 10)
    #expect(lines.count { $0.hasPrefix("::warning ") } == 10)
    #expect(lines.count { $0.hasPrefix("::notice ") } == 10)
    #expect(lines.last == "::notice title=PageLedger::and 7 more, see the report")
    _ = try FormatReader.counts(.github, Array(text.utf8))
  }

  @Test func propertiesAreEscaped() {
    var analysis = SampleAnalysis.full
    analysis.capture.path = "a,b:c%.dat"
    let text = FormatReader.text(.github, [analysis])
    #expect(text.hasPrefix("::error file=a%2Cb%3Ac%25.dat,title=PL010 high%2C proven::"))
    #expect(text.contains("%0ABlock: 0x10af00"))
  }

  @Test func nothingIsSaidOfCleanCaptures() {
    var analysis = SampleAnalysis.full
    analysis.verdict = .clean
    analysis.findings = []
    #expect(FormatReader.text(.github, [analysis]).isEmpty)
    #expect(FormatReader.text(.gitlab, [analysis]) == "[]\n")
    analysis.verdict = .incomplete
    #expect(FormatReader.text(.github, [analysis]).hasPrefix("::warning file="))
  }

  @Test func suppressedFindingsAreLeftOut() {
    var analysis = SampleAnalysis.full
    analysis.findings = [FormatReader.finding(.high, .suppressed)]
    #expect(FormatReader.text(.github, [analysis]).isEmpty)
    #expect(FormatReader.text(.gitlab, [analysis]) == "[]\n")
  }

  @Test func oneCauseIsOneIssue() {
    let text = FormatReader.text(.gitlab, [HTMLReportTests.many(50)])
    #expect(text.components(separatedBy: "\"fingerprint\"").count == 2)
  }
}
