import LedgerBatch
import LedgerCore
import Testing

/// Suppressions, baselines, and what two runs differ in.
@Suite struct ExpectationTests {
  private static func suppressions(_ entry: String) throws -> Suppressions {
    try Suppressions(
      json: Array("{\"suppressions\": [\n\(entry)\n]}".utf8), name: ".pageledger.json",
      today: "2026-11-21")
  }

  private static func entry(
    _ match: String, rule: String = "PL010", expires: String = "2026-11-21"
  ) -> String {
    """
    {"rule": "\(rule)", "match": {\(match)}, "reason": "known bug", "owner": "mm",
     "expires": "\(expires)"}
    """
  }

  private static func finding(_ id: String, rule: String = "PL010") -> Finding {
    var finding = Finding(
      id: id, rule: rule, verdict: .proven, severity: .high, title: "KVM was refused (3 of 4)",
      pfn: 1, pageRanges: [1...3], block: nil, occurrences: 3, firstTime: 1, lastTime: 2, cpu: 0,
      pid: 7, comm: "qemu-kvm", evidence: [], advice: "", doubt: "")
    var path = CodePath(role: .holder, event: "x", time: 1, pid: 7, comm: "qemu-kvm", frames: [])
    path.frames = [CodeFrame(function: "hva_to_pfn.isra.0")]
    finding.paths = [path]
    finding.pathID = "PL010-path"
    return finding
  }

  private static func analysis(_ findings: [Finding], _ rules: [(String, RuleStatus)]) -> Analysis {
    var capture = CaptureInfo(path: "lab/a.dat", kind: "trace.dat v7")
    capture.kernel = "6.1"
    return Analysis(
      verdict: .findings, capture: capture, eventsUsed: 1, losses: [],
      rules: rules.map { RuleReport(id: $0.0, name: "", status: $0.1, missing: []) },
      findings: findings)
  }

  static let matches: [(match: String, rule: String, covers: Bool)] = [
    ("\"id\": \"PL010-aa\"", "PL010", true), ("\"id\": \"PL010-a*\"", "PL01?", true),
    ("\"id\": \"PL010-b*\"", "PL010", false), ("\"id\": \"*\"", "PL011", false),
    ("\"task\": \"qemu*\", \"title\": \"*refused*\"", "*", true),
    ("\"task\": \"qemu*\", \"title\": \"refused\"", "*", false),
    ("\"function\": \"hva_to_pfn\"", "PL010", true), ("\"function\": \"gup\"", "PL010", false),
    ("\"pathId\": \"PL010-path\"", "PL010", true), ("\"path\": \"lab/*\"", "PL010", true),
    ("\"path\": \"b/*\"", "PL010", false),
  ]

  @Test(arguments: matches)
  func suppresses(_ row: (match: String, rule: String, covers: Bool)) throws {
    var expectations = Expectations(
      suppressions: try Self.suppressions(Self.entry(row.match, rule: row.rule)))
    var analysis = Self.analysis([Self.finding("PL010-aa")], [("PL010", .findings)])
    expectations.judge(&analysis)
    #expect(analysis.findings[0].standing == (row.covers ? .suppressed : nil))
    #expect(analysis.comparison != nil)
    #expect(expectations.remarks.isEmpty == row.covers)
  }

  @Test func expiredSuppressionsAreToldAndDoNotCover() throws {
    let entry = Self.entry("\"id\": \"*\"", expires: "2026-11-20")
    var expectations = Expectations(suppressions: try Self.suppressions(entry))
    var analysis = Self.analysis([Self.finding("PL010-aa")], [("PL010", .findings)])
    expectations.judge(&analysis)
    #expect(analysis.findings[0].standing == nil)
    #expect(
      expectations.remarks == [
        ".pageledger.json:2: suppression of PL010 (known bug; mm) has expired on 2026-11-20; "
          + "what it covered counts again"
      ])
  }

  static let malformed: [(text: String, line: Int)] = [
    ("", 1), ("[]", 1), ("{\"suppressions\": {}}", 1), ("{\n\"suppress\": []}", 2),
    ("{\"suppressions\": [\n{}\n]}", 1), ("{\"suppressions\": [\n{\"rule\": \"PL010\"}]}", 2),
    ("{\"suppressions\": [{\"rule\": \"PL010\",\n\"ruel\": \"x\"}]}", 2),
    ("{\"suppressions\": [{\"rule\": \"PL010\",\n\"match\": {\n\"pfn\": \"1\"}}]}", 3),
    ("{\"suppressions\": [{\"rule\": \"PL010\",\n\"match\": {\"id\": 1}}]}", 2),
    ("{\"suppressions\": [{\"rule\": 10}]}", 1), ("{\"suppressions\": [}", 1),
  ]

  @Test(arguments: malformed) func namesTheLine(_ row: (text: String, line: Int)) {
    let error = #expect(throws: JSONError.self) {
      try Suppressions(json: Array(row.text.utf8), name: "x", today: "2026-11-21")
    }
    #expect(error?.line == row.line)
  }

  @Test(arguments: ["2026-13-01", "2026-02-30", "26-01-01", "soon", "2026-1-1", "2026-11-21T00"])
  func refusesDates(_ date: String) {
    #expect(throws: JSONError.self) {
      try Self.suppressions(Self.entry("\"id\": \"*\"", expires: date))
    }
  }

  @Test func onlyADecidedRuleFixes() {
    let earlier = FindingSet(
      Self.analysis(
        [
          Self.finding("PL010-aa"), Self.finding("PL011-b", rule: "PL011"), Self.finding("PL010-k"),
        ],
        [("PL010", .findings), ("PL011", .findings)]))
    var analysis = Self.analysis(
      [Self.finding("PL010-k"), Self.finding("PL012-n", rule: "PL012")],
      [("PL010", .findings), ("PL011", .undecidable), ("PL012", .findings)])
    var expectations = Expectations(baseline: earlier)
    expectations.judge(&analysis)
    #expect(analysis.comparison?.fixed.isEmpty == true)
    expectations.conclude(&analysis, run: FindingSet(analysis))
    #expect(analysis.findings.map(\.standing) == [.known, .new])
    #expect(analysis.comparison?.fixed.map(\.id) == ["PL010-aa"])
    #expect(analysis.comparison?.unjudged.map(\.id) == ["PL011-b"])
    let difference = FindingSet(analysis).difference(since: earlier)
    #expect(difference.new.map(\.id) == ["PL012-n"])
    #expect(difference.unseen == ["PL012-n"])
    #expect(difference.known.map(\.id) == ["PL010-k"])
    #expect(difference.fixed.map(\.id) == ["PL010-aa"])
    #expect(difference.unjudged.map(\.id) == ["PL011-b"])
  }

  @Test func aJobThatDidNotRunFixesNothing() throws {
    let old = """
      {"schema":"pageledger.batch/1","rules":[{"id":"PL010","clean":0,"findings":2,"jobs":["a","b"]}],
       "findings":[{"id":"PL010-aa","rule":"PL010","title":"t","severity":"high","verdict":"proven",
       "captures":1,"jobs":[{"name":"a","captures":1}]}]}
      """
    let earlier = try FindingSet(json: Array(old.utf8))
    for (jobs, isFixed) in [("[\"b\"]", false), ("[\"a\",\"b\"]", true)] {
      let later = try FindingSet(
        json: Array(
          "{\"schema\":\"pageledger.batch/1\",\"rules\":[{\"id\":\"PL010\",\"clean\":3,\"jobs\":\(jobs)}],\"findings\":[]}"
            .utf8))
      #expect(earlier.absent(from: later).fixed.isEmpty != isFixed)
    }
  }

  /// Counts of a file that somebody else wrote are added up.
  @Test func hugeCountsAreBounded() throws {
    let finding =
      #"{"id":"a","rule":"PL010","title":"t","severity":"high","verdict":"proven","captures":18446744073709551615}"#
    let rule = #"{"id":"PL010","clean":9223372036854775807,"findings":9223372036854775807}"#
    let text =
      #"{"schema":"pageledger.batch/1","rules":[\#(rule)],"findings":[\#(finding),\#(finding),\#(finding)]}"#
    let set = try FindingSet(json: Array(text.utf8))
    #expect(set.entries.count == 1 && set.entries[0].captures == 3 << 40)
    let summary = try #require(BatchSummary(json: Array(text.utf8)))
    #expect(FindingSet(summary).couldDecide(set.entries[0]))
  }

  @Test(arguments: ["1", "{}", "{\"schema\":\"other/1\"}", "[{}]", "{\"schema\":\"x\"}\n{"])
  func refusesOtherDocuments(_ text: String) {
    #expect(throws: JSONError.self) { try FindingSet(json: Array(text.utf8)) }
  }
}
