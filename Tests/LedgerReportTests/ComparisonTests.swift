import Foundation
import LedgerCore
import LedgerReport
import Testing

/// How findings stand to an earlier run, in the forms that people read.
@Suite struct ComparisonTests {
  /// Two known findings before one new one, a suppressed one, and lists of what is gone.
  static var compared: Analysis {
    var analysis = HTMLReportTests.many(4)
    for (index, standing) in [Standing.known, .suppressed, .new, .known].enumerated() {
      analysis.findings[index].standing = standing
      analysis.findings[index].title =
        "finding \(index) of page \(hex(analysis.findings[index].pfn))"
    }
    var comparison = Comparison(baseline: "base.json")
    comparison.fixed = [
      BaselineFinding(id: "PL004-0f", rule: "PL004", title: "gone <b>for good</b>")
    ]
    comparison.unjudged = [BaselineFinding(id: "PL007-1a", rule: "PL007", title: "perhaps gone")]
    comparison.remarks = ["suppression 3 expired on 2026-01-01"]
    analysis.comparison = comparison
    return analysis
  }

  static func first(_ parts: [String], in text: String) -> [Int] {
    parts.map { part in
      text.utf8.distance(
        from: text.startIndex, to: text.firstRange(of: part)?.lowerBound ?? text.startIndex)
    }
  }

  @Test(arguments: [ReportFormat.html, .markdown, .mail]) func newComesFirst(_ form: ReportFormat) {
    let text = ShortFormTests.text(form, [Self.compared])
    let isMarkdown = form == .markdown
    let places = Self.first(["finding 2 of", "finding 0 of", "finding 1 of"], in: text)
    #expect(places == places.sorted() && places[0] > 0)
    for part in [
      "1 new (1 high), 2 known, 1 suppressed", isMarkdown ? "PL004" : "PL004-0f", "perhaps gone",
      "suppression 3 expired",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(form == .mail || !text.contains("<b>for good"))
  }

  @Test func thePageHasTheNumbers() {
    let page = HTMLReportTests.page([Self.compared])
    #expect(page.contains("Compared with base.json"))
    #expect(page.contains("\"standings\":[0,1,2,1]"))
    #expect(page.contains("data-standing=\"new\"") && page.contains("data-standing=\"suppressed\""))
    #expect(page.contains("id=\"c0-compare\""))
    #expect(page.contains(">1</b> <span class=\"standing standing-fixed\">fixed</span>"))
  }

  /// Leaves a page to look at where `PAGELEDGER_PAGES` names a folder.
  @Test func aPageCanBeLookedAt() throws {
    guard let folder = ProcessInfo.processInfo.environment["PAGELEDGER_PAGES"] else { return }
    let page = HTMLReportTests.page([Self.compared])
    try Data(page.utf8).write(
      to: URL(fileURLWithPath: folder).appendingPathComponent("compared.html"))
  }

  @Test func nothingIsSaidWithoutAComparison() {
    let page = HTMLReportTests.page([SampleAnalysis.full])
    #expect(!page.contains("data-standing") || !page.contains("\"standings\""))
    #expect(!page.contains("id=\"c0-compare\""))
    #expect(!ShortFormTests.text(.markdown, [SampleAnalysis.full]).contains("standing"))
  }

  @Test func nothingNewIsTold() {
    var analysis = Self.compared
    analysis.findings[2].standing = .known
    #expect(ShortFormTests.text(.mail, [analysis]).hasPrefix("FINDINGS: nothing new, 3 known"))
  }

  @Test func suppressionsAloneNameNoEarlierRun() {
    var analysis = HTMLReportTests.many(3)
    analysis.findings[0].standing = .suppressed
    analysis.comparison = Comparison(baseline: "")
    let page = HTMLReportTests.page([analysis])
    #expect(page.contains("Suppressions of the project were applied"))
    #expect(!page.contains("standing-fixed\">") && !page.contains("data-standing=\"new\""))
    #expect(ShortFormTests.text(.mail, [analysis]).hasPrefix("FINDINGS: 2 high, 1 suppressed"))
  }

  @Test(arguments: [ReportFormat.markdown, .mail]) func manyThatAreGoneFit(_ form: ReportFormat) {
    var analysis = Self.compared
    let row = BaselineFinding(
      id: "PL004-0f", rule: "PL004", title: String(repeating: "w|` ", count: 900))
    analysis.comparison?.fixed = Array(repeating: row, count: 3000)
    analysis.comparison?.remarks = Array(repeating: String(repeating: "r", count: 5000), count: 500)
    let text = ShortFormTests.text(form, [analysis])
    if form == .markdown {
      #expect(text.utf8.count <= 60_000)
    } else {
      #expect(text.split(separator: "\n").allSatisfy { $0.unicodeScalars.count <= 72 })
    }
  }
}
