import CommandTestSupport
import Foundation
import Testing

/// The shell of `tools/ci`, run as a CI system runs it.
@Suite struct CIRecipeTests {
  private static let folder = Repository.root.appendingPathComponent("tools/ci")

  private static func run(_ line: String) throws -> Outcome {
    try CommandLineTests.withCapture { folder in
      try Invocation.shell(
        "PATH='\(Self.folder.path)':$PATH; export PAGELEDGER; " + line, in: folder)
    }
  }

  /// A capture of the repository with a finding.
  private static let capture = Repository.root
    .appendingPathComponent("fixtures/captures/ttm-kvm.dat").path

  @Test(arguments: ["pageledger-ci.sh", "ktap-to-lava.sh"])
  func shellIsSound(_ name: String) throws {
    #expect(try Self.run("sh -n '\(Self.folder.path)/\(name)'").status == 0)
    #expect(try Self.run("\(name) 2>&1").status == 64)
  }

  @Test func everyReportIsWritten() throws {
    let outcome = try Self.run("pageledger-ci.sh out '\(Self.capture)' >/dev/null; echo $?; ls out")
    #expect(
      outcome.output.split(separator: "\n") == [
        "1", "gl-code-quality-report.json", "pageledger-annotations.txt", "pageledger-junit.xml",
        "pageledger.html", "pageledger.ktap", "pageledger.md", "pageledger.ndjson",
        "pageledger.sarif",
      ])
  }

  static let codes: [(String, Int32)] = [
    ("FORMATS=junit pageledger-ci.sh out a.txt", 3),
    ("STRICT=0 FORMATS=junit pageledger-ci.sh out a.txt", 0),
    ("STRICT=0 FORMATS=junit pageledger-ci.sh out missing", 2),
    ("FORMATS=junit pageledger-ci.sh out --allow-incomplete a.txt", 0),
    ("STRICT=0 FORMATS=junit pageledger-ci.sh out --no-such a.txt", 64),
  ]

  @Test(arguments: codes.indices) func exitCodesAreKept(_ index: Int) throws {
    #expect(try Self.run(Self.codes[index].0).status == Self.codes[index].1)
  }

  @Test func gitHubGetsAnnotationsAndASummary() throws {
    let outcome = try Self.run(
      "export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=s.md FORMATS='github markdown'; "
        + "pageledger-ci.sh out --sarif-anchor job.yml:2 '\(Self.capture)'; cat s.md; wc -c <s.md")
    #expect(outcome.output.contains("\n::error file=job.yml,line=2,title=PL010"))
    #expect(outcome.output.contains("### \u{274c} PageLedger: findings"))
    let size = outcome.output.split(separator: "\n").last.flatMap { Int($0) }
    #expect(size ?? .max < 1 << 20)
  }

  @Test func lavaGetsAResultForEachRule() throws {
    let outcome = try Self.run(
      "FORMATS=ktap pageledger-ci.sh out '\(Self.capture)' a.txt >/dev/null; "
        + "ktap-to-lava.sh out/pageledger.ktap")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count { $0.hasSuffix("--result fail") } == 1)
    #expect(lines.contains { $0.hasPrefix("lava-test-case PL010-") && $0.hasSuffix("fail") })
    #expect(lines.contains { $0.hasPrefix("lava-test-case PL012-") && $0.hasSuffix("skip") })
    #expect(lines.contains { $0.hasPrefix("lava-test-case PL001-") && $0.hasSuffix("pass") })
    #expect(Set(lines.map { $0.split(separator: " ")[1] }).count == lines.count)
  }
}
