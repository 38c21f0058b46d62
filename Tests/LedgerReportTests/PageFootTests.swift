import LedgerCore
import LedgerInput
import LedgerReport
import Testing

/// What the page says about itself: its writer, its input, its policy.
@Suite struct PageFootTests {
  static func page(command: String, inputs: [InputDigest]) -> String {
    var stream = ReportStream(
      format: .html, captures: 1,
      page: PageOptions(
        manual: HTMLReportTests.manual, version: "pageledger test", ruleSet: 7, command: command))
    stream.append(SampleAnalysis.full)
    stream.finish(inputs: inputs)
    return String(decoding: stream.take(), as: UTF8.self)
  }

  @Test func theFootTellsHowItWasMade() {
    let input = InputDigest(path: "a <b>.dat", sha256: "00ff", bytes: 12_345)
    let folder = InputDigest(path: "logs", sha256: "0a", bytes: 5, files: 2)
    let page = Self.page(command: "pageledger '</script>'", inputs: [input, folder])
    for part in [
      "pageledger test, rule set 7, 1 rule<", "<dd class=\"mono\">pageledger &#39;&lt;/script&gt;",
      "a &lt;b&gt;.dat, 12,345 bytes", "<dd class=\"mono\">00ff</dd>", "logs, 2 files, 5 bytes",
    ] {
      #expect(page.contains(part), "\(part)")
    }
  }

  @Test func thousandsOfInputsAreCounted() {
    let input = InputDigest(path: "a", sha256: "00", bytes: 1)
    let page = Self.page(command: "", inputs: Array(repeating: input, count: 5000))
    #expect(page.contains("4900 more"))
    #expect(!page.contains("<dt>Command</dt>"))
  }

  /// What stands between two marks, the first of them from the back.
  static func part(_ page: String, _ start: String, _ end: String) -> [UInt8] {
    let from = page.ranges(of: start).last?.upperBound ?? page.startIndex
    let to = page[from...].firstRange(of: end)?.lowerBound ?? from
    return Array(page[from..<to].utf8)
  }

  @Test func thePolicyNamesWhatIsInThePage() {
    let page = Self.page(command: "", inputs: [])
    for (name, start, end) in [
      ("script-src", "<script>", "</script>"), ("style-src", "<style>", "</style>"),
    ] {
      var sum = SHA256()
      sum.update(Self.part(page, start, end))
      #expect(page.contains("\(name) '\(sum.policySource)'"))
    }
    // Attributes of style would need a wider policy.
    #expect(!page.contains(" style=\""))
  }

  static let sums: [(text: String, hexadecimal: String, base64: String)] = [
    (
      "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    ),
    (
      "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    ),
  ]

  /// Test vectors of FIPS 180-4; the text comes in pieces of one byte.
  @Test(arguments: sums) func sumsAreRight(
    _ row: (text: String, hexadecimal: String, base64: String)
  ) {
    var sum = SHA256()
    for byte in row.text.utf8 { sum.update([byte]) }
    #expect(sum.hexadecimal == row.hexadecimal)
    #expect(sum.policySource == row.base64)
    #expect(sum.count == UInt64(row.text.utf8.count))
  }

  @Test(arguments: [(10 << 20, nil), (11 << 20, "10 MB"), (51 << 20, "50 MB")] as [(Int, String?)])
  func heavyPagesAreTold(_ row: (bytes: Int, words: String?)) {
    let warning = PageWeight.warning(bytes: row.bytes)
    #expect(
      warning.map { $0.contains("beyond \(row.words ?? "nothing")") } == row.words.map { _ in true }
    )
  }
}
