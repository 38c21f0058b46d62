public import LedgerCore
internal import LedgerReport

extension BatchSummary {
  /// Reads `summary.json` back, so that what it says can be told again; nil when the bytes are none of this version.
  public init?(json bytes: [UInt8]) {
    guard let value = try? JSONReader.value(of: bytes),
      value["schema"]?.text == SummaryDocument.schema
    else { return nil }
    self.init(tool: value["tool"]?.text ?? "", ruleSet: value["ruleSet"]?.text ?? "")
    inputs = value.number("inputs")
    remaining = value.number("remaining")
    captures = value.number("captures")
    skipped = value.number("skipped")
    for status in CaptureStatus.allCases {
      let count = value["statuses"]?.number(status.rawValue) ?? 0
      if count > 0 { statuses[status] = count }
    }
    eventsRead = value["events"]?["read"]?.count ?? 0
    eventsUsed = value["events"]?["used"]?.count ?? 0
    kinds = value.names("kinds")
    kernels = value.names("kernels")
    jobs = value.names("jobs")
    hosts = value.names("hosts")
    losses = value.list("losses").compactMap { row in
      LossCode(rawValue: row.word("code")).map {
        LossSum(code: $0, captures: row.number("captures"), count: row["count"]?.count ?? 0)
      }
    }
    rules = value.list("rules").map(RuleSum.init)
    troubleCount = value["troubles"]?.number("count") ?? 0
    troubles = (value["troubles"]?.list("first") ?? []).compactMap { row in
      CaptureStatus(rawValue: row.word("status")).map {
        Trouble(path: row.word("path"), status: $0, error: row.word("error"))
      }
    }
    comparison = value["comparison"].map(Comparison.init)
    findings = value.list("findings").compactMap(FingerprintSum.init)
  }
}

extension JSONValue {
  /// A count of captures or inputs, at most `FindingSet.countLimit`; `absent` where there is none.
  func number(_ name: String, absent: UInt64 = 0) -> Int {
    Int(clamping: min(self[name]?.count ?? absent, FindingSet.countLimit))
  }

  fileprivate func word(_ name: String) -> String { self[name]?.text ?? "" }

  fileprivate func list(_ name: String) -> [JSONValue] { self[name]?.elements ?? [] }

  fileprivate func names(_ name: String) -> NameTable {
    var table = NameTable()
    for row in list(name) {
      if let text = row["name"]?.text {
        table.rows.append(NameCount(name: text, captures: row.number("captures")))
      } else {
        table.others = row.number("captures")
      }
    }
    return table
  }
}

extension RuleSum {
  fileprivate init(_ value: JSONValue) {
    self.init(id: value.word("id"), name: value.word("name"))
    clean = value.number("clean")
    findings = value.number("findings")
    undecidable = value.number("undecidable")
    notRecorded = value.number("notRecorded")
    jobs = value["jobs"]?.texts ?? []
  }
}

extension Comparison {
  fileprivate init(_ value: JSONValue) {
    self.init(baseline: value.word("baseline"))
    func briefs(_ name: String) -> [BaselineFinding] {
      value.list(name).map {
        BaselineFinding(id: $0.word("id"), rule: $0.word("rule"), title: $0.word("title"))
      }
    }
    fixed = briefs("fixed")
    unjudged = briefs("unjudged")
    remarks = value["remarks"]?.texts ?? []
  }
}

extension FingerprintSum {
  fileprivate init?(_ value: JSONValue) {
    guard let row = FindingRow(value) else { return nil }
    self.init(
      id: row.id, rule: row.rule, severity: row.severity, verdict: row.verdict, title: row.title)
    standing = Standing(rawValue: value.word("standing"))
    captures = value.number("captures")
    suppressed = value.number("suppressed")
    occurrences = row.occurrences
    pathIDs = value["pathIds"]?.texts ?? []
    kernels = value.names("kernels")
    jobs = value.names("jobs")
    hosts = value.names("hosts")
    commits = value.names("commits")
    first = value["first"].map(Sighting.init) ?? Sighting()
    last = value["last"].map(Sighting.init) ?? Sighting()
    example = value["example"].map(WorstExample.init) ?? WorstExample()
  }
}

extension Sighting {
  fileprivate init(_ value: JSONValue) {
    self.init()
    path = value.word("path")
    kernel = value.word("kernel")
    labels = (value["labels"]?.members ?? []).map { ($0.name, $0.value.text ?? "") }
  }
}

extension WorstExample {
  fileprivate init(_ value: JSONValue) {
    self.init()
    sighting = Sighting(value)
    pfn = value["pfn"]?.count
    pages = value["pages"]?.count ?? 0
    occurrences = value["occurrences"]?.count ?? 0
    task = value.word("comm")
    functions = value["functions"]?.texts ?? []
    advice = value.word("advice")
    doubt = value.word("doubt")
    evidence = value.list("evidence").map(Evidence.init)
  }
}
