import CommandTestSupport
import Foundation
import Testing

/// The labelled captures beside this clone: what was done on purpose is found, and nothing else.
@Suite struct LabelTests {
  /// Rule, verdicts that will do, pages; of the rules that exist so far.
  private static let planted: [String: [(rule: String, verdicts: Set<String>, pages: Int)]] = [
    "ttm-kvm": [("PL010", ["proven"], 1023)],
    "tail_ref": [("PL001", ["proven"], 1)],
    "underflow": [("PL003", ["proven"], 1)],
    "get_on_zero": [("PL002", ["proven"], 1)],
    "mangled": [("PL022", ["proven"], 1)],
    "mangle_ttm": [("PL022", ["proven"], 1)],
    "tail_put_free": [("PL028", ["proven", "likely"], 1)],
    "tail_inc_free": [("PL001", ["proven"], 1), ("PL028", ["proven"], 1)],
    "kvm_freed": [("PL010", ["proven"], 3), ("PL010", ["likely"], 3)],
    "kvm_moved_legal": [("PL010", ["proven"], 3), ("PL010", ["proven"], 3)],
  ]

  private static func fits(
    _ finding: [String: Any], _ expected: (rule: String, verdicts: Set<String>, pages: Int)
  ) -> Bool {
    finding["rule"] as? String == expected.rule
      && expected.verdicts.contains(finding["verdict"] as? String ?? "")
      && finding["pages"] as? Int == expected.pages
  }

  static let captures: [URL] = {
    let folder = Repository.shared?.appendingPathComponent("captures/scenarios-6.1")
    let names =
      folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) } ?? []
    return names.filter { $0.hasSuffix(".dat") }.sorted().compactMap {
      folder?.appendingPathComponent($0)
    }
  }()

  @Test func captureFolderIsThere() {
    if Self.captures.isEmpty { print("skipped: no shared captures beside this clone") }
  }

  @Test(arguments: captures) func findsWhatWasPlanted(_ capture: URL) throws {
    let run = try Invocation.pageledger(
      ["analyze", "--format", "json", capture.path], in: Repository.root)
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let document = object as? [String: Any] ?? [:]
    #expect(document["findings"] is [[String: Any]])
    var findings = document["findings"] as? [[String: Any]] ?? []
    let name = capture.deletingPathExtension().lastPathComponent
    for expected in Self.planted[name] ?? [] {
      let place = findings.firstIndex { Self.fits($0, expected) }
      #expect(place != nil, "\(name): \(expected.rule) is missing")
      if let place { findings.remove(at: place) }
    }
    #expect(findings.isEmpty, "\(name): more than was planted")
  }
}
