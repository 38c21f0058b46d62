import CommandTestSupport
import Foundation
import Testing

/// What the fixtures folder promises about itself.
@Suite struct FixtureTests {
  private static let folder = Repository.root.appendingPathComponent("fixtures")

  @Test func everyCaptureHasItsProvenance() throws {
    let readme = try String(
      contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
    for folder in ["captures", "symbols", "types"] {
      let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| `\(folder)/") }
      let named = Set(
        rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) })
      let path = Self.folder.appendingPathComponent(folder).path
      let present = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(named == Set(present.map { "\(folder)/\($0)" }))
    }
  }

  @Test func readmeShowsRealOutput() throws {
    let golden = try String(
      contentsOf: Self.folder.appendingPathComponent("cases/captures/ttm-kvm.case"), encoding: .utf8
    )
    let output = golden.components(separatedBy: "----\n").last ?? "no output"
    let readme = try String(
      contentsOf: Repository.root.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(readme.contains(output))
  }

  @Test func fixturesStaySmall() throws {
    let files = FileManager.default.enumerator(
      at: Self.folder, includingPropertiesForKeys: [.fileSizeKey])
    let sizes = try (files?.allObjects ?? []).compactMap { $0 as? URL }
      .map { try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
    #expect(sizes.allSatisfy { $0 <= 2 << 20 })
    #expect(sizes.reduce(0, +) <= 25 << 20)
  }
}
