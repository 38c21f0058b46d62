import CommandTestSupport
import Foundation
import HardeningSupport
import Testing

/// What once ended a fuzzed process, and the corpus of the fuzzers, fed again.
@Suite struct MalformedTests {
  private func files(_ folder: String) -> [URL] {
    let url = Repository.root.appendingPathComponent("fixtures/" + folder)
    let found = try? FileManager.default.contentsOfDirectory(
      at: url, includingPropertiesForKeys: nil)
    return (found ?? []).sorted { $0.path < $1.path }
  }

  @Test(arguments: FuzzTarget.allCases)
  func isSurvived(target: FuzzTarget) throws {
    for file in files("corpus/" + target.rawValue) {
      target.feed(Array(try Data(contentsOf: file)))
    }
    for file in files("malformed") where file.lastPathComponent.hasPrefix(target.rawValue + "-") {
      target.feed(Array(try Data(contentsOf: file)))
    }
  }
}
