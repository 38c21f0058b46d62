import CommandTestSupport
import Foundation
import HardeningSupport
import Testing

/// A sample of what `tools/damage --all` tries; nothing is measured here.
@Suite struct DamageTests {
  static let captures: [String] = {
    let folder = Repository.root.appendingPathComponent("fixtures/captures")
    return (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
  }()

  @Test(arguments: captures)
  func damageIsNoAccusation(capture: String) throws {
    let path = Repository.root.appendingPathComponent("fixtures/captures/" + capture).path
    let sweep = try #require(Sweep(path: path, seed: 7))
    for number in sweep.plan.sample(6) {
      let complaints = sweep.complaints(number, measured: false)
      #expect(complaints.isEmpty, "variant \(number): \(complaints)")
    }
  }

  @Test(arguments: captures)
  func aSpoiltRecordIsNoAccusation(capture: String) {
    let path = Repository.root.appendingPathComponent("fixtures/captures/" + capture).path
    guard let sweep = RecordSweep(path: path, seed: 7) else { return }
    for number in 0..<12 {
      let complaints = sweep.complaints(number)
      #expect(complaints.isEmpty, "variant \(number): \(complaints)")
    }
  }
}
