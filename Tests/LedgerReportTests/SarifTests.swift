import Foundation
import LedgerCore
import LedgerReport
import Testing

/// SARIF and what GitHub takes of it.
@Suite struct SarifTests {
  static func run(_ analyses: [Analysis], _ options: CIOptions = CIOptions()) throws -> [String:
    Any]
  {
    let bytes = FormatReader.bytes(.sarif, analyses, options)
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    return (object?["runs"] as? [[String: Any]])?.first ?? [:]
  }

  static func results(_ analyses: [Analysis], _ options: CIOptions = CIOptions()) throws
    -> [[String: Any]]
  { try run(analyses, options)["results"] as? [[String: Any]] ?? [] }

  static func place(_ result: [String: Any]?) -> String {
    let location = (result?["locations"] as? [[String: Any]])?.first?["physicalLocation"]
    let parts = location as? [String: [String: Any]]
    let uri = parts?["artifactLocation"]?["uri"] as? String ?? "none"
    return "\(uri):\(parts?["region"]?["startLine"] as? Int ?? 0)"
  }

  @Test func tooManyResultsAreCutByRank() throws {
    var analysis = HTMLReportTests.many(25_001)
    for index in analysis.findings.indices {
      analysis.findings[index].severity = index == 25_000 ? .critical : .low
    }
    let bytes = FormatReader.bytes(.sarif, [analysis])
    let results = try Self.results([analysis])
    #expect(results.count == 25_000)
    #expect(results.first?["level"] as? String == "error")
    guard let counts = try FormatReader.counts(.sarif, bytes) else { return }
    #expect((counts["notes"] as? [String])?.contains("limits") == true)
  }

  /// Characters that do not compress.
  static func noise(_ count: Int, _ seed: inout UInt64) -> String {
    var words = ""
    for _ in 0..<count {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      words.unicodeScalars.append(Unicode.Scalar(0x4e00 + UInt16(seed >> 50)) ?? "?")
    }
    return words
  }

  /// Chains go first, and that is enough here.
  @Test func chainsAreCutForTheSizeOfTheFile() throws {
    var analysis = HTMLReportTests.many(150)
    var seed = UInt64(7)
    let step = Evidence(
      time: 1, cpu: 0, pid: 1, comm: "a", event: "e", text: "", before: "", after: "")
    for index in analysis.findings.indices {
      analysis.findings[index].evidence = (0..<100).map { _ in
        var step = step
        step.text = Self.noise(390, &seed)
        return step
      }
    }
    let bytes = FormatReader.bytes(.sarif, [analysis])
    #expect(bytes.count < 5_000_000)
    guard let counts = try FormatReader.counts(.sarif, bytes) else { return }
    #expect(counts["results"] as? Int == 150)
    #expect((counts["notes"] as? [String])?.contains("limits") == true)
  }

  /// Then results go.
  @Test func resultsAreCutForTheSizeOfTheFile() throws {
    var analysis = HTMLReportTests.many(2000)
    var seed = UInt64(7)
    for index in analysis.findings.indices {
      analysis.findings[index].title = Self.noise(1000, &seed)
      analysis.findings[index].advice = Self.noise(1000, &seed)
      analysis.findings[index].doubt = Self.noise(1000, &seed)
    }
    analysis.findings[1999].severity = .critical
    let bytes = FormatReader.bytes(.sarif, [analysis])
    guard let counts = try FormatReader.counts(.sarif, bytes) else { return }
    #expect((1000..<2000).contains(counts["results"] as? Int ?? 0))
    #expect(counts["gzip"] as? Int ?? .max <= 10_000_000)
    #expect((counts["notes"] as? [String])?.contains("limits") == true)
  }

  @Test func longChainsLoseTheirMiddle() throws {
    var analysis = SampleAnalysis.full
    let step = analysis.findings[0].evidence[0]
    analysis.findings[0].evidence = (0..<5000).map {
      var next = step
      next.time = UInt64($0)
      return next
    }
    analysis.findings[0].paths = [
      CodePath(
        role: .holder, event: "e", time: 0, pid: 1, comm: "",
        frames: (0..<3000).map {
          var frame = CodeFrame(function: "f\($0)")
          frame.line = "mm/a.c:\($0 + 1)"
          return frame
        })
    ]
    let bytes = FormatReader.bytes(.sarif, [analysis])
    #expect(String(decoding: bytes, as: UTF8.self).contains("\"executionOrder\":5000"))
    _ = try FormatReader.counts(.sarif, bytes)
  }

  @Test func anchorsAreChosen() throws {
    var plain = SampleAnalysis.full
    plain.capture.path = "./logs/a b.dat"
    #expect(Self.place(try Self.results([plain]).first) == "logs/a%20b.dat:1")
    plain.capture.path = "/var/a:b"
    #expect(Self.place(try Self.results([plain]).first) == "file:///var/a:b:1")
    plain.capture.path = "x.tar.gz!c:d"
    #expect(Self.place(try Self.results([plain]).first) == "x.tar.gz!c%3Ad:1")
    #expect(Self.place(try Self.results([FormatReader.withCode]).first) == "mm/gup.c:142")
    let options = CIOptions(anchor: Anchor(path: "ci/job.yml", line: 3))
    #expect(Self.place(try Self.results([FormatReader.withCode], options).first) == "ci/job.yml:3")
  }

  @Test func functionsAreLogicalLocations() throws {
    let location = try Self.results([FormatReader.withCode]).first?["locations"] as? [[String: Any]]
    let names = (location?.first?["logicalLocations"] as? [[String: String]])?.map {
      $0["fullyQualifiedName"] ?? ""
    }
    #expect(names == ["kvm!try_grab_folio+0x1c", "hva_to_pfn"])
  }

  @Test func standingsBecomeStates() throws {
    var analysis = SampleAnalysis.full
    analysis.comparison = Comparison(baseline: "old.json")
    analysis.findings = [
      FormatReader.finding(.high, .suppressed, id: "a"), FormatReader.finding(.low, .new, id: "b"),
      FormatReader.finding(.high, .known, id: "c"), FormatReader.finding(.high, nil, id: "d"),
    ]
    let bytes = FormatReader.bytes(.sarif, [analysis, SampleAnalysis.full])
    guard let counts = try FormatReader.counts(.sarif, bytes) else { return }
    #expect(counts["states"] as? [String] == ["", "new", "unchanged"])
    #expect(counts["suppressed"] as? Int == 1)
  }

  @Test func manyCapturesHaveBoundedInvocations() throws {
    let all = Array(repeating: FormatReader.unreadable, count: 1500)
    let run = try Self.run(all)
    let invocations = run["invocations"] as? [[String: Any]] ?? []
    #expect(invocations.count == 1001)
    #expect(invocations.allSatisfy { $0["executionSuccessful"] as? Bool == false })
  }

  @Test func rulesHaveTheirManual() throws {
    let rule = RuleManual(
      id: "PL010", name: "kvm was refused", severity: .high, summary: "A sentence.",
      sections: [("What to do", "Use `a`.")], example: "x\ny")
    let run = try Self.run([SampleAnalysis.full], CIOptions(manual: [rule], version: "1.2.3"))
    let driver = (run["tool"] as? [String: [String: Any]])?["driver"]
    let first = (driver?["rules"] as? [[String: Any]])?.first
    #expect(first?["name"] as? String == "KvmWasRefused")
    let help = first?["help"] as? [String: String]
    #expect(help?["text"] == "A sentence.\n\nWhat to do\nUse `a`.\n\nExample\nx\ny")
    #expect(driver?["semanticVersion"] as? String == "1.2.3")
  }
}
