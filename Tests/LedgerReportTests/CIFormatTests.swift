import Foundation
import LedgerCore
import LedgerReport
import Testing

/// What holds for every format of CI systems.
@Suite struct CIFormatTests {
  static let hostile = [
    "</script><script>alert(1)</script>", "a\0b\u{1}\u{1b}[31m\u{9b}",
    "\u{2028}\u{2029}\u{85}\u{202e}gnp",
    "]]>&<!--\"'", "::error::x\r\n::add-mask::y", "%0A::,=%", "ok 1 - x # SKIP no\nnot ok 2 # TODO",
    "KTAP version 1\n1..9", " - # Subtest: x", "[x](javascript:0) {0} \\",
    "\u{fffe}\u{ffff}\u{fffd}",
    String(decoding: [0x61, 0xff, 0xc0, 0x80, 0x62], as: UTF8.self), "é𝕏 \u{1f4a5}", "",
    String(repeating: "w\n<", count: 350_000),
  ]

  static func spoilt(_ name: String) -> Analysis {
    var analysis = FormatReader.withCode
    analysis.capture.path = name
    analysis.capture.kernel = name
    analysis.failure = name
    for index in analysis.findings.indices {
      analysis.findings[index].comm = name
      analysis.findings[index].title = name
      analysis.findings[index].advice = name
      analysis.findings[index].paths[0].frames[0].function = name
      analysis.findings[index].paths[0].frames[0].line = name + ":1"
      analysis.findings[index].evidence = [
        Evidence(
          time: 1, cpu: 0, pid: 1, comm: name, event: name, text: name, before: name, after: name)
      ]
    }
    analysis.losses = [Loss(code: .truncated, count: 1, cpu: nil, detail: name)]
    analysis.rules[1].missing = [name]
    return analysis
  }

  @Test(arguments: FormatReader.formats, hostile.indices)
  func anyTextIsTaken(_ format: ReportFormat, _ index: Int) {
    let bytes = FormatReader.bytes(format, [Self.spoilt(Self.hostile[index])])
    #expect(bytes.count < 200_000)
    #expect(bytes.last == UInt8(ascii: "\n"))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(
      !text.unicodeScalars.contains {
        $0.value < 0x20 && $0 != "\n" || (0x7f..<0xa0).contains($0.value)
          || [0x2028, 0x2029, 0x85, 0x202e].contains($0.value)
      })
  }

  @Test(arguments: FormatReader.formats) func readersTakeAnyText(_ format: ReportFormat) throws {
    let analyses = Self.hostile.indices.map {
      var analysis = Self.spoilt(Self.hostile[$0])
      analysis.findings[0].id += "-\($0)"
      return analysis
    }
    _ = try FormatReader.counts(format, FormatReader.bytes(format, analyses))
  }

  @Test(arguments: FormatReader.formats)
  func severalCapturesAreOneReport(_ format: ReportFormat) throws {
    let analyses = [SampleAnalysis.full, FormatReader.unreadable, FormatReader.withCode]
    let bytes = FormatReader.bytes(format, analyses)
    #expect(bytes == FormatReader.bytes(format, analyses), "the same bytes again")
    guard let counts = try FormatReader.counts(format, bytes) else { return }
    let expected: [String: Int] =
      switch format {
      case .sarif: ["results": 2, "broken": 1]
      case .junit: ["suites": 3, "tests": 5, "failures": 2, "errors": 1, "skipped": 2]
      case .ktap: ["suites": 3, "failed": 3, "skipped": 2, "passed": 0, "crashed": 0]
      case .github: ["error": 3, "warning": 0, "notice": 0]
      default: ["issues": 3]
      }
    for (key, number) in expected { #expect(counts[key] as? Int == number, "\(key)") }
  }

  @Test(arguments: FormatReader.formats) func noCaptureIsAReportToo(_ format: ReportFormat) throws {
    let bytes = FormatReader.bytes(format, [])
    guard format != .ktap else {
      #expect(String(decoding: bytes, as: UTF8.self).contains("1..0 # SKIP"))
      return
    }
    _ = try FormatReader.counts(format, bytes)
  }

  /// Pages and addresses differ from boot to boot.
  @Test(arguments: [ReportFormat.sarif, .gitlab])
  func fingerprintsKnowNoPage(_ format: ReportFormat) throws {
    func fingerprints(_ analysis: Analysis) throws -> Set<String> {
      let text = FormatReader.text(format, [analysis])
      let parts = text.matches(of: #/"(?:fingerprint|partialFingerprints)":("[^"]*"|\{[^}]*\})/#)
      return Set(parts.map { String($0.1) })
    }
    var moved = FormatReader.withCode
    moved.findings[0].pfn += 512
    moved.findings[0].pageRanges = [0x20_0000...0x20_0001]
    moved.findings[0].paths[0].frames[0].address = 0xffff_ffff_9900_001c
    moved.findings[0].firstTime += 5
    let first = try fingerprints(FormatReader.withCode)
    #expect(!first.isEmpty)
    #expect(try fingerprints(moved) == first)
    #expect(first.contains { $0.contains("PL010-3fa2c1") })
    if format == .sarif { #expect(first.contains { $0.contains("PL010-path-1") }) }
  }

  static let anchors: [(String, Anchor?)] = [
    ("ci/job.yml:12", Anchor(path: "ci/job.yml", line: 12)), ("a.txt", Anchor(path: "a.txt")),
    ("a:b", Anchor(path: "a:b")), ("a:0", nil), (":3", nil), ("", nil), ("a:", Anchor(path: "a:")),
    ("a:99999999999999999999", nil),
  ]

  @Test(arguments: anchors.indices) func anchorsAreRead(_ index: Int) {
    #expect(Anchor(Self.anchors[index].0) == Self.anchors[index].1)
  }

  @Test func severityDecidesTheLevel() throws {
    var analysis = SampleAnalysis.full
    analysis.findings = Severity.allCases.map { FormatReader.finding($0, id: "x-\($0)") }
    let gitlab = FormatReader.text(.gitlab, [analysis])
    for word in ["info", "minor", "major", "critical", "blocker"] {
      #expect(gitlab.contains("\"severity\":\"\(word)\""))
    }
    let levels = try SarifTests.results([analysis]).map { $0["level"] as? String ?? "" }
    #expect(levels == ["error", "error", "warning", "warning", "note"])
    let github = FormatReader.text(.github, [analysis]).split(separator: "\n")
    #expect(github.map { $0.prefix(4) } == ["::er", "::er", "::wa", "::wa", "::no"])
  }
}
