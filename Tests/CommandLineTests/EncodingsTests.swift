import CommandTestSupport
import Foundation
import Testing

/// One defect, recorded in every encoding there is: each tells it. Skipped where the shared captures are not beside the clone.
@Suite struct EncodingsTests {
  static let folder = Repository.shared?.appendingPathComponent("captures/encodings-6.1")
  static let captures: [String] = {
    let names = folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) }
    return (names ?? []).sorted()
  }()

  @Test(.needs(shared: "captures/encodings-6.1"), arguments: captures)
  func tellsTheDefect(_ capture: String) throws {
    let folder = try #require(Self.folder)
    let outcome = try Invocation.pageledger(["analyze", "--quiet", capture], in: folder)
    // Of the capture with losses nothing must be said that is not certain.
    let isLossy = capture == "lost.dat"
    #expect(outcome.status == (isLossy ? 3 : 1), "\(outcome.output)")
    #expect(outcome.output.contains("PL010") != isLossy)
  }
}
