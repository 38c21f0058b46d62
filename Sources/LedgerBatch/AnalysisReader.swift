internal import LedgerCore

extension Analysis {
  /// Reads a line of `"kind":"capture"`; without findings, events by name and patterns that are legal. Nil when it is none.
  init?(line value: JSONValue) {
    guard let verdict = AnalysisVerdict(rawValue: value["verdict"]?.text ?? ""),
      let about = value["capture"]
    else { return nil }
    var capture = CaptureInfo(path: about.word("path"), kind: about.word("kind"))
    capture.kernel = about.word("kernel")
    capture.clock = about.word("clock")
    capture.timeIsNanoseconds = about["timeUnit"]?.text != "ticks"
    capture.cpus = Int(clamping: about["cpus"]?.count ?? 0)
    capture.start = about["start"]?.count ?? 0
    capture.end = about["end"]?.count ?? 0
    capture.logLines = about["logLines"]?.count ?? 0
    capture.logPath = about.word("console")
    capture.eventsRead = value["events"]?["read"]?.count ?? 0
    self.init(
      verdict: verdict, capture: capture, eventsUsed: value["events"]?["used"]?.count ?? 0,
      losses: value.list("losses").compactMap(Loss.init),
      rules: value.list("rules").compactMap(RuleReport.init), findings: [],
      failure: value["error"]?.text)
  }
}

extension JSONValue {
  fileprivate func word(_ name: String) -> String { self[name]?.text ?? "" }

  fileprivate func list(_ name: String) -> [JSONValue] { self[name]?.elements ?? [] }

  fileprivate var thread: Int32 { Int32(clamping: self["pid"]?.integer ?? -1) }
}

extension Loss {
  fileprivate init?(_ value: JSONValue) {
    guard let code = LossCode(rawValue: value.word("code")) else { return nil }
    self.init(
      code: code, count: value["count"]?.count ?? 0, cpu: value["cpu"]?.integer.map { Int($0) },
      detail: value.word("detail"))
  }
}

extension RuleReport {
  fileprivate init?(_ value: JSONValue) {
    guard let status = RuleStatus(rawValue: value.word("status")) else { return nil }
    self.init(
      id: value.word("id"), name: value.word("name"), status: status,
      missing: value["missing"]?.texts ?? [])
  }
}

extension Finding {
  /// Reads a finding of `pageledger.analysis/1`; nil when it is none.
  init?(_ value: JSONValue) {
    guard let row = FindingRow(value) else { return nil }
    self.init(
      id: row.id, rule: row.rule, verdict: row.verdict, severity: row.severity, title: row.title,
      pfn: row.pfn ?? Event.noFrame,
      pageRanges: value.list("pageRanges").compactMap(Self.range),
      block: value["block"].flatMap(BlockReference.init), occurrences: row.occurrences,
      firstTime: value["firstTime"]?.count ?? 0, lastTime: value["lastTime"]?.count ?? 0,
      cpu: Int(value["cpu"]?.integer ?? -1), pid: value.thread, comm: row.task,
      evidence: value.list("evidence").map(Evidence.init), advice: value.word("advice"),
      doubt: value.word("doubt"))
    story = Int(clamping: value["story"]?.count ?? 0)
    ledger = value.word("ledger")
    clock = EvidenceClock(rawValue: value.word("clock")) ?? .capture
    related = value["related"]?.texts ?? []
    paths = value.list("paths").compactMap(CodePath.init)
    pathID = row.pathID
  }

  private static func range(_ value: JSONValue) -> ClosedRange<UInt64>? {
    guard let ends = value.elements, ends.count == 2, let low = ends[0].count,
      let high = ends[1].count, low <= high
    else { return nil }
    return low...high
  }
}

extension BlockReference {
  fileprivate init?(_ value: JSONValue) {
    guard let pfn = value["pfn"]?.count, let kind = BlockKind(rawValue: value.word("kind")) else {
      return nil
    }
    self.init(pfn: pfn, order: UInt8(clamping: value["order"]?.count ?? 0), kind: kind)
  }
}

extension CodePath {
  fileprivate init?(_ value: JSONValue) {
    guard let role = PathRole(rawValue: value.word("role")) else { return nil }
    self.init(
      role: role, event: value.word("event"), time: value["time"]?.count ?? 0, pid: value.thread,
      comm: value.word("comm"), frames: value.list("frames").map(CodeFrame.init))
    user = value.list("user").map(CodeFrame.init)
  }
}

extension CodeFrame {
  fileprivate init(_ value: JSONValue) {
    let digits = value.word("address").dropFirst(2)
    self.init(
      function: value.word("function"), offset: value["offset"]?.count,
      address: UInt64(digits, radix: 16))
    module = value.word("module")
    line = value.word("line")
    isInlined = value["inlined"]?.flag ?? false
  }
}
