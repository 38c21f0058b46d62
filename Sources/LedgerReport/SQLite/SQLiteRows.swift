import LedgerCore
import LedgerInput

/// The prepared statements of a database, one a table; values are always bound.
struct SQLiteRows {
  enum Table: Int, CaseIterable {
    case run, rule, code, coverage, capture, label, loss, finding, page, evidence, frame, gone
    case remark

    var name: String {
      switch self {
      case .run: "run"
      case .rule: "rules"
      case .code: "loss_codes"
      case .coverage: "coverages"
      case .capture: "captures"
      case .label: "labels"
      case .loss: "losses"
      case .finding: "findings"
      case .page: "pages"
      case .evidence: "evidence"
      case .frame: "frames"
      case .gone: "gone"
      case .remark: "remarks"
      }
    }

    var columns: Int {
      switch self {
      case .run: 2
      case .rule: 4
      case .code: 3
      case .coverage: 5
      case .capture: 19
      case .label: 3
      case .loss: 6
      case .finding: 26
      case .page: 3
      case .evidence: 12
      case .frame: 8
      case .gone: 4
      case .remark: 1
      }
    }
  }

  private var statements: [DatabaseStatement] = []

  init(_ database: Database) throws(WriteError) {
    for table in Table.allCases {
      let marks = repeatElement("?", count: table.columns).joined(separator: ", ")
      statements.append(try database.statement("INSERT INTO \(table.name) VALUES (\(marks))"))
    }
  }

  func add(_ table: Table, _ values: [DatabaseValue]) throws(WriteError) {
    try statements[table.rawValue].run(values)
  }

  /// A finding with its pages, events and code.
  func add(_ finding: Finding, number: Int64, capture: Int64) throws(WriteError) {
    try add(.finding, Self.values(finding, number, capture))
    var end: UInt64?
    for range in finding.pageRanges {
      // Ranges ascend; one that does not would break the key.
      if let end, range.lowerBound <= end { continue }
      end = range.upperBound
      try add(
        .page, [.integer(number), .count(range.lowerBound), .count(range.upperBound)])
    }
    for (position, item) in finding.evidence.enumerated() {
      try add(
        .evidence,
        [
          .integer(number), .count(position), .count(item.time), .text(item.clock.rawValue),
          .count(item.cpu), .count(item.pid), .shown(item.comm), .shown(item.event),
          .shown(item.text), .shown(item.before), .shown(item.after),
          item.line.map { .count($0) } ?? .null,
        ])
    }
    var roles: Set<PathRole> = []
    for path in finding.paths where roles.insert(path.role).inserted {
      for (depth, frame) in path.frames.enumerated() {
        try add(
          .frame,
          [
            .integer(number), .text(path.role.rawValue), .count(depth), .shown(path.event),
            .shown(frame.function), .shown(frame.module), .shown(frame.line), .shown(frame.words),
          ])
      }
    }
  }

  private static func values(
    _ finding: Finding, _ number: Int64, _ capture: Int64
  ) -> [DatabaseValue] {
    let severity = finding.severity.rank
    let verdict = finding.verdict.rank
    let rank = (Severity.allCases.count - 1 - severity) * Verdict.allCases.count + verdict
    let block = finding.block
    return [
      .integer(number), .integer(capture), .shown(finding.id), .shown(finding.rule),
      .text(finding.verdict.rawValue), .text(finding.severity.rawValue), .count(rank),
      .shown(finding.title), finding.standing.map { .text($0.rawValue) } ?? .null,
      finding.frame.map { .count($0) } ?? .null, .count(finding.pages),
      block.map { .count($0.pfn) } ?? .null, block.map { .count($0.order) } ?? .null,
      block.map { .text($0.kind.rawValue) } ?? .null, .count(finding.occurrences),
      .count(finding.firstTime), .count(finding.lastTime), .text(finding.clock.rawValue),
      .count(finding.cpu), .count(finding.pid), .shown(finding.comm), .count(finding.story),
      .shown(finding.pathID), .shown(finding.ledger), .shown(finding.advice),
      .shown(finding.doubt),
    ]
  }
}
