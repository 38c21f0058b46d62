import CommandTestSupport
import Foundation
import Testing

/// The cases that the repository holds; `PAGELEDGER_ACCEPT=1` records them again.
@Suite struct GoldenTests {
  static let cases: [GoldenCase] = {
    let folder = Repository.root.appendingPathComponent("fixtures/cases")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.allObjects ?? []).compactMap { $0 as? URL }
      .filter { $0.pathExtension == "case" }.sorted { $0.path < $1.path }
      .compactMap { try? GoldenCase($0) }
  }()

  @Test func casesExist() { #expect(!Self.cases.isEmpty) }

  @Test(arguments: cases) func matches(_ golden: GoldenCase) throws {
    let outcome = try Repository.withFolder { folder in
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent("fixtures"),
        withDestinationURL: Repository.root.appendingPathComponent("fixtures"))
      for capture in golden.captures {
        try Data(capture.text.utf8).write(to: folder.appendingPathComponent(capture.name))
      }
      return try Invocation.pageledger(golden.arguments, in: folder)
    }
    if ProcessInfo.processInfo.environment["PAGELEDGER_ACCEPT"] == "1" {
      return try golden.record(
        exit: outcome.status, output: outcome.output, errors: outcome.errors)
    }
    #expect(outcome.status == golden.exit)
    #expect(outcome.output == golden.output)
    #expect(outcome.errors == golden.errors)
  }
}
