import LedgerCore
import LedgerReport
import Testing

@Suite struct HTMLReportTests {
  static let manual = [
    RuleManual(
      id: "PL010", name: "refused", summary: "KVM was refused.",
      sections: [("What is true", "</script><b>"), ("Kernels", "")], example: "page_ref_mod")
  ]

  static func page(_ analyses: [Analysis], limit: UInt64 = 10_000_000) -> String {
    var stream = ReportStream(
      format: .html, captures: analyses.count,
      page: PageOptions(manual: manual, version: "pageledger test", limit: limit))
    for analysis in analyses { stream.append(analysis) }
    stream.finish()
    return String(decoding: stream.take(), as: UTF8.self)
  }

  /// An analysis with as many findings as asked for.
  static func many(_ count: Int) -> Analysis {
    var analysis = SampleAnalysis.full
    let sample = analysis.findings[0]
    analysis.findings = (0..<count).map { number in
      var finding = sample
      finding.pfn = UInt64(0x1000 + number)
      finding.title = "page \(hex(finding.pfn)) was misused"
      finding.story = number + 1
      return finding
    }
    return analysis
  }

  @Test func nothingIsAskedOfTheNetwork() {
    // The name of SVG is an address that nobody fetches.
    let page = Self.page([SampleAnalysis.full]).replacing("http://www.w3.org/2000/svg", with: "")
    for forbidden in [
      "src=", "@import", "fetch(", "XMLHttpRequest", "url(", "http:", "https:",
    ] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    #expect(page.contains("default-src 'none'"))
  }

  static let hostile = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\" onclick=\"x", "'><b>",
    "a\0b", "\u{202e}gnp", "<!--", "]]>",
  ]

  @Test(arguments: hostile) func hostileStringsAreText(_ name: String) {
    var analysis = SampleAnalysis.full
    analysis.capture.path = name
    analysis.findings[0].comm = name
    analysis.findings[0].title = name
    analysis.findings[0].evidence = [
      Evidence(
        time: 1, cpu: 0, pid: 1, comm: name, event: name, text: name, before: name, after: name)
    ]
    analysis.losses = [Loss(code: .truncated, count: 1, cpu: nil, detail: name)]
    let page = Self.page([analysis])
    let plain = Self.page([SampleAnalysis.full])
    for tag in ["<script", "</script", "<img", "<b>", "<!--", "onclick=\""] {
      let count = { (text: String) in
        text.split(separator: tag, omittingEmptySubsequences: false).count
      }
      // The evidence of this analysis has one row, whose event stands in bold type.
      #expect(count(page) <= max(count(plain), tag == "<b>" ? 2 : 0), "\(tag)")
    }
    #expect(!page.contains("\0") && !page.contains("\u{202e}"))
  }

  @Test func longStringsAreCut() {
    var analysis = SampleAnalysis.full
    analysis.findings[0].comm = String(repeating: "x", count: 1 << 20)
    let page = Self.page([analysis])
    #expect(page.contains("more characters)"))
    #expect(page.utf8.count < 300_000)
  }

  @Test func whatDoesNotFitIsTold() {
    let page = Self.page([Self.many(5000)], limit: 200_000)
    #expect(page.utf8.count < 200_000)
    #expect(page.contains("Showing the first ") && page.contains(" of 5,000 findings by weight"))
    let whole = Self.page([Self.many(300)])
    #expect(!whole.contains("class=\"banner\">Showing"))
    #expect(whole.split(separator: "<details class=\"finding\"").count == 201)
    #expect(whole.contains("The first 200 of 300 findings are written"))
  }

  @Test func theSameInputGivesTheSameBytes() {
    let analyses = [SampleAnalysis.full, Self.many(50)]
    #expect(Self.page(analyses) == Self.page(analyses))
  }

  @Test func theSummaryIsForMachines() {
    let page = Self.page([SampleAnalysis.full])
    #expect(page.contains("id=\"pageledger-summary\">[{\"kind\":\"capture\",\"schema\":"))
    #expect(page.contains("\"id\":\"PL010\",\"name\":\"refused\""))
    #expect(page.contains("\\u003c/script>\\u003cb>"))
  }

  @Test func lossesAreOnTheFirstScreen() {
    var analysis = SampleAnalysis.full
    #expect(Self.page([analysis]).contains("<dt>Lost</dt><dd>lost-events 17 on CPU 1</dd>"))
    analysis.losses = []
    #expect(!Self.page([analysis]).contains("<dt>Lost</dt>"))
  }

  @Test func nothingToShowIsAPageToo() {
    #expect(Self.page([]).contains("No capture was analyzed."))
  }
}
