public import LedgerCore
public import LedgerInput

/// Analyses as an SQLite database; `schema.sql` beside this file describes and makes its tables and views.
///
/// Rows are written as they come, so that memory does not follow the captures; the file appears whole at the end. The same run
/// gives the same bytes.
public final class SQLiteReport {
  /// Name and major version of the schema.
  public static let schema = "pageledger.sqlite/1"

  private let database: Database
  private var rows: SQLiteRows?
  private var captures: Int64 = 0
  private var findings: Int64 = 0
  private var coverages: [ContentKey: Int64] = [:]

  /// Begins a database. Throws when its folder takes no file.
  public init(path: String, options: PageOptions) throws(WriteError) {
    database = try Database(path: path)
    try database.run("PRAGMA user_version = 1")
    try database.run(String(decoding: PackageResources.schema_sql, as: UTF8.self))
    let rows = try SQLiteRows(database)
    self.rows = rows
    try rows.add(.run, [.text("schema"), .text(Self.schema)])
    try rows.add(.run, [.text("tool"), .text(options.version)])
    if options.ruleSet > 0 {
      try rows.add(.run, [.text("rule_set"), .text("\(options.ruleSet)")])
    }
    for rule in options.manual {
      try rows.add(
        .rule,
        [
          .text(rule.id), .shown(rule.name), .text(rule.severity?.rawValue ?? ""),
          .shown(rule.summary),
        ])
    }
    for code in LossCode.allCases {
      try rows.add(
        .code, [.text(code.rawValue), .text(code.severity.rawValue), .text(code.advice)])
    }
  }

  /// Adds a capture with all its findings.
  public func append(_ analysis: Analysis) throws(WriteError) {
    try begin(analysis, status: CaptureStatus(analysis.verdict), labels: [])
    for finding in analysis.findings { try append(finding) }
  }

  /// Adds a capture; its findings follow one by one.
  public func begin(
    _ analysis: Analysis, status: CaptureStatus, labels: [(name: String, value: String)]
  ) throws(WriteError) {
    guard let rows else { return }
    captures += 1
    let capture = analysis.capture
    let named = ["job", "host", "commit", "date"].map { name in
      DatabaseValue.shown(labels.first { $0.name == name }?.value ?? "")
    }
    let coverage = try coverage(analysis.rules)
    try rows.add(
      .capture,
      [
        .integer(captures), .shown(capture.path), .text(status.rawValue),
        .shown(analysis.failure ?? ""), .shown(capture.kind), .shown(capture.kernel),
        .shown(capture.clock), .text(capture.timeIsNanoseconds ? "ns" : "ticks"),
        .count(capture.cpus), .count(capture.start), .count(capture.end),
        .count(capture.eventsRead), .count(analysis.eventsUsed), .count(capture.logLines),
      ] + named + [coverage])
    var known: Set<String> = []
    for label in labels where known.insert(label.name).inserted {
      try rows.add(.label, [.integer(captures), .shown(label.name), .shown(label.value)])
    }
    for loss in analysis.losses {
      try rows.add(
        .loss,
        [
          .integer(captures), .text(loss.code.rawValue), .text(loss.code.severity.rawValue),
          .count(loss.count), loss.cpu.map { .count($0) } ?? .null, .shown(loss.detail),
        ])
    }
  }

  /// The number under which the words of all rules stand; null when no rule was asked.
  private func coverage(_ rules: [RuleReport]) throws(WriteError) -> DatabaseValue {
    guard !rules.isEmpty, let rows else { return .null }
    let hash = ContentHash()
    for rule in rules {
      let words = [rule.id, rule.name, rule.status.rawValue] + rule.missing
      hash.add(Array((words.joined(separator: "\u{1f}") + "\n").utf8))
    }
    let key = hash.key
    if let known = coverages[key] { return .integer(known) }
    let number = Int64(coverages.count + 1)
    coverages[key] = number
    var known: Set<String> = []
    for rule in rules where known.insert(rule.id).inserted {
      try rows.add(
        .coverage,
        [
          .integer(number), .shown(rule.id), .shown(rule.name), .text(rule.status.rawValue),
          .shown(rule.missing.joined(separator: "; ")),
        ])
    }
    return .integer(number)
  }

  /// Adds a finding of the last capture.
  public func append(_ finding: Finding) throws(WriteError) {
    guard let rows else { return }
    findings += 1
    try rows.add(finding, number: findings, capture: captures)
  }

  /// Adds what became of the other findings of an earlier run.
  public func append(_ comparison: Comparison) throws(WriteError) {
    guard let rows else { return }
    try rows.add(.run, [.text("baseline"), .shown(comparison.baseline)])
    var known: Set<String> = []
    for (state, list) in [("fixed", comparison.fixed), ("unjudged", comparison.unjudged)] {
      for finding in list where known.insert(finding.id).inserted {
        try rows.add(
          .gone, [.shown(finding.id), .text(state), .shown(finding.rule), .shown(finding.title)])
      }
    }
    for remark in comparison.remarks { try rows.add(.remark, [.shown(remark)]) }
  }

  /// Makes the indices, and lets the file appear.
  public func finish() throws(WriteError) {
    rows = nil
    try database.run(
      """
      CREATE INDEX findings_of_id ON findings (id);
      CREATE INDEX findings_of_capture ON findings (capture);
      CREATE INDEX findings_of_rule ON findings (rule);
      CREATE INDEX losses_of_capture ON losses (capture);
      CREATE INDEX captures_of_status ON captures (status);
      """)
    try database.finish()
  }
}

extension CaptureStatus {
  fileprivate init(_ verdict: AnalysisVerdict) {
    switch verdict {
    case .clean: self = .ok
    case .findings: self = .findings
    case .incomplete: self = .incomplete
    case .unreadable: self = .unreadable
    }
  }
}

extension DatabaseValue {
  /// Text of any origin, with control characters spelled out.
  static func shown(_ words: String) -> DatabaseValue { .text(words.escapedForTerminal) }

  /// A number, or the largest that a column can hold.
  static func count(_ number: some FixedWidthInteger) -> DatabaseValue {
    .integer(Int64(clamping: number))
  }
}
