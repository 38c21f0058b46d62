public import LedgerCore
internal import LedgerReport

/// What a batch keeps of one finding to count with, and where the whole of it stands.
public struct FindingRow: Sendable, Equatable {
  /// As in `Finding`.
  public var id: String
  /// As in `Finding`.
  public var rule: String
  /// As in `Finding`.
  public var verdict: Verdict
  /// As in `Finding`.
  public var severity: Severity
  /// As in `Finding`.
  public var title: String
  /// `Finding.frame`.
  public var pfn: UInt64?
  /// As in `Finding`.
  public var pages: UInt64
  /// As in `Finding`.
  public var occurrences: UInt64
  /// Task of the first occurrence.
  public var task: String
  /// As in `Finding`.
  public var pathID: String
  /// Functions on its paths, the innermost first, each once.
  public var functions: [String]
  /// Where its line begins among the details of its capture, and how long it is; 0 when it was left out.
  public var at = 0
  /// Bytes of that line.
  public var size = 0

  private static let functionLimit = 24

  /// The row of a finding.
  public init(_ finding: Finding) {
    id = finding.id
    rule = finding.rule
    verdict = finding.verdict
    severity = finding.severity
    title = finding.title
    pfn = finding.frame
    pages = finding.pages
    occurrences = finding.occurrences
    task = finding.comm
    pathID = finding.pathID
    functions = []
    for path in finding.paths {
      for frame in path.frames where !frame.function.isEmpty {
        let function = frame.plainFunction
        if !functions.contains(function) { functions.append(function) }
        if functions.count == Self.functionLimit { return }
      }
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("id", id)
      writer.member("rule", rule)
      writer.member("verdict", verdict.rawValue)
      writer.member("severity", severity.rawValue)
      writer.member("title", title)
      if let pfn { writer.member("pfn", pfn) }
      writer.member("pages", pages)
      writer.member("occurrences", occurrences)
      if !task.isEmpty { writer.member("comm", task) }
      if !pathID.isEmpty { writer.member("pathId", pathID) }
      if !functions.isEmpty { writer.member("functions", functions) }
      writer.member("at", at)
      writer.member("size", size)
    }
  }

  /// Reads a row, or a finding of `pageledger.analysis/1`; nil when it is neither.
  public init?(_ value: JSONValue) {
    guard let id = value["id"]?.text, let rule = value["rule"]?.text,
      let title = value["title"]?.text,
      let severity = Severity(rawValue: value["severity"]?.text ?? ""),
      let verdict = Verdict(rawValue: value["verdict"]?.text ?? "")
    else { return nil }
    self.id = id
    self.rule = rule
    self.title = title
    self.severity = severity
    self.verdict = verdict
    pfn = value["pfn"]?.count
    pages = value["pages"]?.count ?? 0
    occurrences = value["occurrences"]?.count ?? 1
    task = value["comm"]?.text ?? ""
    pathID = value["pathId"]?.text ?? ""
    functions = value["functions"]?.texts ?? []
    at = Int(clamping: value["at"]?.count ?? 0)
    size = Int(clamping: value["size"]?.count ?? 0)
  }
}
