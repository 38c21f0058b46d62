import Foundation
import LedgerCore
import LedgerReport
import Testing

/// Batches in the forms of CI systems, opened with the same readers as those of single captures.
@Suite struct BatchReportTests {
  static func bytes(_ format: ReportFormat, _ batch: BatchDetail) -> [UInt8] {
    BatchReport.render(batch, as: format) ?? []
  }

  static func counts(_ format: ReportFormat, _ batch: BatchDetail) throws -> [String: Any]? {
    try FormatReader.counts(format, bytes(format, batch))
  }

  @Test func sarifHasAResultACause() throws {
    guard let counts = try Self.counts(.sarif, SampleBatch.many(40)) else { return }
    #expect(counts["results"] as? Int == 40)
    #expect(counts["states"] as? [String] == ["", "new", "unchanged"])
    #expect(counts["suppressed"] as? Int == 10)
    #expect(counts["broken"] as? Int == 1)
    let notes = try #require(counts["notes"] as? [String])
    for note in ["baseline", "batch", "crash", "fixed", "lost-events", "suppressions", "undecided"]
    {
      #expect(notes.contains(note), "\(note)")
    }
    #expect(!notes.contains("limits"))
  }

  @Test func otherCapturesAreNamedAsFarAsTheyMay() throws {
    let bytes = Self.bytes(.sarif, SampleBatch.many(2, captures: 1200))
    let document = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    let run = (document?["runs"] as? [[String: Any]])?.first
    let result = (run?["results"] as? [[String: Any]])?.first
    #expect((result?["relatedLocations"] as? [Any])?.count == 999)
    #expect(
      String(decoding: bytes, as: UTF8.self).contains("of 2 findings not all captures are named"))
    _ = try FormatReader.counts(.sarif, bytes)
  }

  @Test func sarifStaysWithinTheLimits() throws {
    let batch = SampleBatch.many(25_400, captures: 12)
    guard let counts = try Self.counts(.sarif, batch) else { return }
    #expect(counts["results"] as? Int == 25_000)
    #expect((counts["notes"] as? [String])?.contains("limits") == true)
  }

  @Test func othersStayWithinTheirLimits() throws {
    let batch = SampleBatch.many(8_000)
    if let counts = try Self.counts(.github, batch) {
      #expect(counts["error"] as? Int == 10)
      #expect(counts["notice"] as? Int == 1)
    }
    if let counts = try Self.counts(.gitlab, batch) {
      #expect(counts["issues"] as? Int == 6_001)
    }
    #expect(Self.bytes(.markdown, batch).count <= 60_000)
    #expect(Self.bytes(.junit, batch).count < 20_000_000)
  }

  @Test func testsAreJobsAndRules() throws {
    let batch = SampleBatch.many(4)
    if let counts = try Self.counts(.junit, batch) {
      #expect(
        counts as? [String: Int]
          == ["suites": 3, "tests": 7, "failures": 1, "errors": 1, "skipped": 2])
    }
    if let counts = try Self.counts(.ktap, batch) {
      #expect(counts["suites"] as? Int == 3)
      #expect(counts["failed"] as? Int == 2)
    }
    let text = String(decoding: Self.bytes(.junit, batch), as: UTF8.self)
    #expect(text.contains("<skipped message=\"not recorded: kmem:mm_page_free\"/>"))
    #expect(text.contains("<error message=\"signal 11 \\u{202e}\" type=\"crash\""))
  }

  @Test func newFindingsDecideWithFailOnNew() throws {
    var batch = SampleBatch.many(4)
    batch.summary.findings[1].standing = .known
    let options = CIOptions(bar: FailureBar(onlyNew: true))
    let bytes = BatchReport.render(batch, as: .junit, ci: options) ?? []
    #expect(try FormatReader.counts(.junit, bytes)?["failures"] as? Int ?? 0 == 0)
  }

  @Test func linesAreJSON() throws {
    let lines = String(decoding: Self.bytes(.ndjson, SampleBatch.many(5)), as: UTF8.self)
      .split(separator: "\n")
    let kinds = try lines.map {
      (try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["kind"] as? String
    }
    #expect(kinds.count { $0 == "finding" } == 5)
    #expect(kinds.count { $0 == "capture" } == 10)
    #expect(kinds.first == "batch")
  }

  @Test func nothingIsAReportToo() throws {
    var empty = BatchDetail(BatchSummary(tool: "t", ruleSet: "1"))
    empty.summary.captures = 0
    for format in FormatReader.formats { _ = try Self.counts(format, empty) }
  }
}
