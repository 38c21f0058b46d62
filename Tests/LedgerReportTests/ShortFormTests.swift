import LedgerCore
import LedgerReport
import Testing

/// Markdown for comments and the body of a mail.
@Suite struct ShortFormTests {
  static func text(_ format: ReportFormat, _ analyses: [Analysis]) -> String {
    var stream = ReportStream(format: format, captures: analyses.count)
    for analysis in analyses { stream.append(analysis) }
    stream.finish()
    return String(decoding: stream.take(), as: UTF8.self)
  }

  @Test(arguments: [1, 40, 5000]) func aCommentTakesIt(_ count: Int) {
    let one = Self.text(.markdown, [HTMLReportTests.many(count)])
    #expect(one.utf8.count <= 60_000)
    #expect(one.contains("PL010"))
    #expect((count > 50) == one.contains("not listed here"))
    let several = Self.text(.markdown, Array(repeating: HTMLReportTests.many(count), count: 30))
    #expect(several.utf8.count <= 60_000)
  }

  @Test(arguments: ["@octocat", "https://example.org", "| a | b |", "<b>", "``` x", "[x](y)"])
  func markdownShowsNames(_ name: String) {
    var analysis = SampleAnalysis.full
    analysis.findings[0].title = name
    analysis.findings[0].comm = name
    let text = Self.text(.markdown, [analysis])
    let table = text.split(separator: "\n").first {
      $0.hasPrefix("| **high**") || $0.hasPrefix("| high")
    }
    let row = String(table ?? "")
    #expect(!row.contains(" @") && !row.contains("://") && !row.contains("<b>"))
    let bars = row.replacing("\\|", with: "").count { $0 == "|" }
    #expect(bars == 7)
  }

  @Test func mailHasSeventyTwoColumns() {
    var analysis = HTMLReportTests.many(70)
    analysis.findings[0].title = String(repeating: "w", count: 300)
    for line in Self.text(.mail, [analysis]).split(separator: "\n") {
      #expect(line.unicodeScalars.count <= 72, "\(line)")
    }
  }

  @Test func mailSaysWhatAFixNeeds() {
    let text = Self.text(.mail, [SampleAnalysis.full])
    #expect(text.contains("Reported-by: NAME <ADDRESS>"))
    #expect(text.contains("Finding: pageledger PL010-"))
  }
}
