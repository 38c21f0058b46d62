import LedgerCore
import LedgerReport
import Testing

@Suite struct TextReportTests {
  static let text = TextReport().render(SampleAnalysis.full)

  @Test func startsWithTheVerdict() {
    #expect(
      Self.text.hasPrefix(
        "FINDINGS  a \"b\".dat: 1 finding (1 high); the capture has gaps\n\nHIGH proven  PL010  "))
  }

  @Test(arguments: [
    "  pages     1,023 of 1,024: 0x10af01-0x10b2ff\n",
    "  block     pfn 0x10af00, order 10, 1,024 pages, plain (no __GFP_COMP)\n",
    "  task      qemu\\x1b[31m-86 on CPU 1\n",
    "  seen      1,023 times, 10.119048000 to 11.000000001\n",
    "     9.000000000    0  gpu-82   mm_page_alloc pfn=0x10af00", "free -> live, count 1\n",
    "stays tail, count 0\n", "  lost-events         17 on CPU 1 (at offset 0x4f000)\n",
    "  PL022\n    not recorded: kmem:mm_page_free\n",
    "12,345 events read, 1,234 used; 3.000000000 s; kernel 6.1.0; clock local; 2 CPUs; trace.dat v7\n",
  ])
  func says(_ words: String) { #expect(Self.text.contains(words)) }

  @Test func staysWithin100Columns() {
    #expect(Self.text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func neverSendsControls() {
    let controls = Self.text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" }
    #expect(controls.isEmpty)
  }

  @Test func quietPrintsTitles() {
    let quiet = TextReport(detail: .titles).render(SampleAnalysis.full)
    #expect(quiet.split(separator: "\n").count == 2)
    #expect(quiet.hasSuffix("tail pages of a plain block  [1,023 pages]\n"))
  }

  @Test func longEvidenceIsFolded() {
    var analysis = SampleAnalysis.full
    let row = analysis.findings[0].evidence[0]
    analysis.findings[0].evidence = (0..<100).map { index in
      var copy = row
      copy.time = UInt64(index)
      return copy
    }
    let text = TextReport().render(analysis)
    #expect(text.contains("... 88 more events\n"))
    #expect(text.contains("0.000000005"))
    #expect(!text.contains("0.000000006"))
    #expect(text.contains("0.000000094"))
  }

  static let escapes: [(raw: String, shown: String)] = [
    ("plain", "plain"), ("a\u{1b}[0m", "a\\x1b[0m"), ("\u{7f}", "\\x7f"), ("\u{9b}", "\\u{9b}"),
    ("\u{202e}x", "\\u{202e}x"), ("\n\t\0", "\\x0a\\x09\\x00"), ("größe", "größe"),
  ]

  @Test(arguments: escapes) func controlIsSpelledOut(_ row: (raw: String, shown: String)) {
    #expect(row.raw.escapedForTerminal == row.shown)
  }

  static let times: [(time: UInt64, text: String)] = [
    (0, "0.000000000"), (1, "0.000000001"), (.max, "18446744073.709551615"),
  ]

  @Test(arguments: times) func timeIsPrinted(_ row: (time: UInt64, text: String)) {
    #expect(NumberText.time(row.time, nanoseconds: true) == row.text)
    #expect(NumberText.time(row.time, nanoseconds: false) == String(row.time))
  }
}
