import LedgerCore

/// The findings of one capture as columns: what the page's script reads.
///
/// Times are relative to the capture's start, frames are hexadecimal text, strings are places in one table.
struct PageData {
  var strings = PageStrings()
  var rows: [[UInt8]] = []
  var details: [[UInt8]] = []
  /// Times are told from here on.
  var start: UInt64 = 0
  private var lastStory = 0

  /// Nothing yet.
  init() {}

  /// Takes findings by rank until the budget is spent.
  init(_ analysis: Analysis, budget: inout PageBudget) {
    start = analysis.capture.start
    head = Self.head(analysis)
    for finding in StandingWords.ranked(analysis) {
      let before = strings.size
      let row = self.row(finding)
      let cost = row.count + 1 + strings.size - before
      guard cost <= budget.rows else { break }
      budget.rows -= cost
      rows.append(row)
      guard details.count == rows.count - 1 else { continue }
      let size = strings.size
      let detail = self.detail(finding)
      let weight = detail.count + 1 + strings.size - size
      guard weight <= budget.details else {
        budget.details = 0
        continue
      }
      budget.details -= weight
      details.append(detail)
    }
  }

  /// Findings that the page shows.
  var shown: Int { rows.count }
  /// Findings whose evidence the page holds.
  var detailed: Int { details.count }

  /// Members in front of the findings, without braces.
  private var head: [UInt8] = []

  private static func head(_ analysis: Analysis) -> [UInt8] {
    let capture = analysis.capture
    var writer = JSONWriter()
    writer.member("path", capture.path.shownWhole)
    writer.member("verdict", analysis.verdict.rawValue)
    writer.member("start", "\(capture.start)")
    writer.member("end", "\(capture.end)")
    writer.member("nanoseconds", capture.timeIsNanoseconds ? 1 : 0)
    writer.member("total", analysis.findings.count)
    if analysis.comparison != nil {
      writer.key("standings")
      writer.array { writer in
        for standing in [nil, Standing.new, .known, .suppressed] {
          writer.value(StandingWords.count(analysis, standing))
        }
      }
    }
    return writer.bytes
  }

  /// The capture's object.
  func object() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.raw(head)
      members(to: &writer)
    }
    return writer.bytes
  }

  /// Writes strings, rows and details.
  func members(to writer: inout JSONWriter) {
    writer.member("strings", strings.all)
    writer.key("rows")
    writer.array { writer in for row in rows { writer.raw(row) } }
    writer.key("details")
    writer.array { writer in for detail in details { writer.raw(detail) } }
  }

  /// `[id, rule, marks, title, pfn, pages, seen, first, last, cpu, task, story]`: `id` without the rule; standing, severity,
  /// verdict and clock in one number; `last` behind `first`, `story` behind that of the row before.
  mutating func row(_ finding: Finding) -> [UInt8] {
    let title = strings.place(finding.title, about: finding.frame)
    let rule = strings.place(finding.rule)
    let task = strings.place(TaskText.name(finding.comm, finding.pid))
    let prefix = finding.rule + "-"
    let id = finding.id.hasPrefix(prefix) ? String(finding.id.dropFirst(prefix.count)) : finding.id
    let severity = finding.severity.rank
    let verdict = finding.verdict.rank
    let standing =
      finding.standing.flatMap { Standing.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
    let marks = standing * 128 + severity * 16 + verdict * 4 + Self.number(finding.clock)
    let step = finding.story &- lastStory
    lastStory = finding.story
    return JSONWriter.bytes { writer in
      writer.value(id.shownWhole)
      writer.value(rule)
      writer.value(marks)
      writer.value(title)
      writer.value(finding.frame.map { Self.digits($0) } ?? "")
      writer.value(exact: finding.pages)
      writer.value(exact: finding.occurrences)
      writer.value(exact: time(finding.firstTime, finding.clock))
      writer.value(exact: finding.lastTime &- finding.firstTime)
      writer.value(finding.cpu)
      writer.value(task)
      writer.value(step)
    }
  }

  /// `[ranges, block, evidence, advice, doubt, ledger, related, ranges in all, events in all, paths]`.
  mutating func detail(_ finding: Finding) -> [UInt8] {
    let advice = strings.place(finding.advice)
    let doubt = strings.place(finding.doubt)
    let ledger = strings.place(finding.ledger)
    let evidence = finding.evidence.prefix(PageData.evidenceLimit).map { event($0) }
    let paths = finding.paths.prefix(PageData.pathsLimit).map { path($0) }
    return JSONWriter.bytes { writer in
      writer.array { writer in
        for range in finding.pageRanges.prefix(PageData.rangesLimit) {
          writer.value(Self.digits(range.lowerBound))
          writer.value(Self.digits(range.upperBound))
        }
      }
      if let block = finding.block {
        writer.array {
          $0.value(Self.digits(block.pfn))
          $0.value(block.order)
          $0.value(block.kind.rawValue)
        }
      } else {
        writer.null()
      }
      writer.array { for item in evidence { $0.raw(item) } }
      writer.value(advice)
      writer.value(doubt)
      writer.value(ledger)
      writer.array { for id in finding.related.prefix(64) { $0.value(id.shownWhole) } }
      writer.value(finding.pageRanges.count)
      writer.value(finding.evidence.count)
      writer.array { writer in for path in paths { writer.raw(path) } }
    }
  }

  /// `[role, event, time, task, frame, frame...]`.
  private mutating func path(_ path: CodePath) -> [UInt8] {
    let words = [path.role.rawValue, path.event].map { strings.place($0) }
    let task = strings.place(TaskText.name(path.comm, path.pid))
    let frames = path.frames.map { strings.place($0.words) }
    return JSONWriter.bytes { writer in
      for word in words { writer.value(word) }
      writer.value(exact: time(path.time, .capture))
      writer.value(task)
      for frame in frames { writer.value(frame) }
    }
  }

  /// Ranges and events of one finding that are written; their number is always told.
  static let rangesLimit = 256
  static let evidenceLimit = 200
  static let pathsLimit = 16

  /// `[time, clock, cpu, task, event, text, before, after, lane, change, count, line]`.
  private mutating func event(_ evidence: Evidence) -> [UInt8] {
    let effect = LifeEffect(evidence)
    let task = strings.place(TaskText.name(evidence.comm, evidence.pid))
    let words = [evidence.event, evidence.text, evidence.before, evidence.after]
      .map { strings.place($0) }
    return JSONWriter.bytes { writer in
      writer.value(exact: time(evidence.time, evidence.clock))
      writer.value(Self.number(evidence.clock))
      writer.value(evidence.cpu)
      writer.value(task)
      for word in words { writer.value(word) }
      writer.value(effect.lane.rawValue)
      writer.value(effect.change.rawValue)
      if let count = effect.count { writer.value(count) } else { writer.null() }
      if let line = evidence.line { writer.value(exact: line) } else { writer.null() }
    }
  }

  private func time(_ time: UInt64, _ clock: EvidenceClock) -> UInt64 {
    // Unsigned wrap is taken back by the page when it adds the start in 64 bits.
    clock == .capture ? time &- start : time
  }

  private static func digits(_ frame: UInt64) -> String { String(frame, radix: 16) }

  static func number(_ clock: EvidenceClock) -> Int {
    switch clock {
    case .capture: 0
    case .printk: 1
    case .none: 2
    }
  }
}

extension JSONWriter {
  /// The bytes of one array.
  static func bytes(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.array(body)
    return writer.bytes
  }

  /// Writes a number that a script can hold, or its digits as a string.
  mutating func value(exact number: UInt64) {
    if number < 1 << 53 { value(number) } else { value("\(number)") }
  }
}
