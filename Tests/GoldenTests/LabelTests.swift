import CommandTestSupport
import Foundation
import Testing

/// The labelled captures beside this clone: what was done on purpose is found, and nothing else.
@Suite struct LabelTests {
  private struct Planted {
    var rule: String
    var verdicts: Set<String>
    var pages: Int
    init(_ rule: String, _ pages: Int, _ verdicts: String...) {
      self.rule = rule
      self.pages = pages
      self.verdicts = Set(verdicts)
    }

    func fits(_ finding: [String: Any]) -> Bool {
      finding["rule"] as? String == rule && verdicts.contains(finding["verdict"] as? String ?? "")
        && finding["pages"] as? Int == pages
    }
  }

  /// Rule, pages, verdicts that will do.
  private static let planted: [String: [Planted]] = [
    "ttm-kvm": [Planted("PL010", 1023, "proven")],
    "tail_ref": [Planted("PL001", 1, "proven")],
    "underflow": [Planted("PL003", 1, "proven")],
    "get_on_zero": [Planted("PL002", 1, "proven")],
    "leak": [Planted("PL021", 32, "likely", "suspect")],
    "extra_ref_leak": [Planted("PL021", 1, "likely", "suspect")],
    "mangled": [Planted("PL022", 1, "proven")],
    "mangle_ttm": [Planted("PL022", 1, "proven")],
    "freed_under_pte": [Planted("PL007", 4, "proven")],
    "moved_without_unmap": [Planted("PL007", 4, "proven")],
    "cow_pfnmap": [Planted("PL018", 4, "proven")],
    "mprotect_cow": [Planted("PL018", 4, "proven"), Planted("PL019", 4, "proven")],
    "gup_normal_pte": [Planted("PL015", 1, "proven")],
    "dmabuf_wrong": [Planted("PL017", 1, "likely")],
    "tail_put_free": [Planted("PL028", 1, "proven", "likely")],
    "tail_inc_free": [Planted("PL001", 1, "proven"), Planted("PL028", 1, "proven")],
    "huge_pmd_fault": [Planted("PL016", 1, "proven"), Planted("PL013", 1, "proven")],
    "kvm_freed": [
      Planted("PL007", 4, "proven"), Planted("PL008", 1, "proven"), Planted("PL010", 3, "proven"),
      Planted("PL010", 3, "likely"),
    ],
    "kvm_moved_legal": [Planted("PL010", 3, "proven"), Planted("PL010", 3, "proven")],
  ]

  static let captures = Repository.shared(in: "captures/scenarios-6.1") { $0.hasSuffix(".dat") }
    .compactMap { Repository.shared($0) }.map { URL(fileURLWithPath: $0) }

  @Test(.needs(shared: "captures/scenarios-6.1"), arguments: captures) func findsWhatWasPlanted(
    _ capture: URL
  ) throws {
    let run = try Invocation.pageledger(
      ["analyze", "--format", "json", capture.path], in: Repository.root)
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let document = object as? [String: Any] ?? [:]
    #expect(document["findings"] is [[String: Any]])
    var findings = document["findings"] as? [[String: Any]] ?? []
    let name = capture.deletingPathExtension().lastPathComponent
    for expected in Self.planted[name] ?? [] {
      let place = findings.firstIndex { expected.fits($0) }
      #expect(place != nil, "\(name): \(expected.rule) is missing")
      if let place { findings.remove(at: place) }
    }
    let rest = findings.compactMap { $0["id"] as? String }
    #expect(rest.isEmpty, "\(name): more than was planted")
  }
}
