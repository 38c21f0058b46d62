import LedgerCore

/// A batch as tests: a suite a job, a case a rule, and before them a suite with a case for each capture without a result.
///
/// Captures of a night have other names than those of the night before; jobs and rules keep theirs, so that a CI system can tell when
/// a case began to fail.
struct BatchSuite {
  /// A rule in a job, or a capture.
  struct Case {
    let name: String
    let outcome: RuleCase.Outcome
    /// `unreadable`, `crash`, `timeout`; empty for rules.
    var kind = ""
    /// Places of findings: what fails, or what may pass.
    var findings: [Int] = []
  }

  let name: String
  let cases: [Case]
  /// What is said of the whole suite.
  let remarks: [String]

  /// Jobs with a suite of their own, those with the most captures; others share one. Below the names that a finding keeps.
  private static let jobLimit = 250
  private static let remarkLimit = 100

  static func all(_ batch: BatchDetail, _ options: CIOptions) -> [BatchSuite] {
    let ranked = RankedFinding.order(batch.summary.findings)
    return [captures(batch)] + jobs(batch).map { suite($0, batch, ranked, options) }
  }

  private static func captures(_ batch: BatchDetail) -> BatchSuite {
    let summary = batch.summary
    var cases = summary.troubles.map { trouble in
      let path = CIText.line(trouble.path, limit: CIText.pathLimit)
      let reason = CIText.line(trouble.error.isEmpty ? trouble.status.rawValue : trouble.error)
      return Case(name: path, outcome: .broken(reason), kind: trouble.status.rawValue)
    }
    let rest = summary.troubleCount - summary.troubles.count
    if rest > 0 {
      let words = "\(NumberText.grouped(UInt64(rest))) more captures have no result"
      cases.append(Case(name: "more captures", outcome: .broken(words), kind: "unreadable"))
    }
    if summary.remaining > 0 {
      let inputs = NumberText.counted(UInt64(summary.remaining), "input")
      cases.append(
        Case(
          name: "the batch is finished", outcome: .broken("\(inputs) not reached"),
          kind: "interrupted"))
    }
    if cases.isEmpty {
      let isEmpty = summary.captures == 0
      cases.append(
        Case(
          name: "every capture has a result",
          outcome: isEmpty ? .skipped("no capture was found") : .passed))
    }
    var remarks = [BatchWords.counts(summary), BatchWords.trust(summary)]
    if let words = BatchWords.comparison(summary) { remarks.append(words) }
    for finding in (summary.comparison?.fixed ?? []).prefix(remarkLimit) {
      remarks.append("fixed: \(finding.id) \(finding.title)")
    }
    for finding in (summary.comparison?.unjudged ?? []).prefix(remarkLimit) {
      remarks.append("not judged: \(finding.id) \(finding.title)")
    }
    remarks += (summary.comparison?.remarks ?? []).prefix(remarkLimit)
    for loss in summary.losses {
      let captures = NumberText.counted(UInt64(loss.captures), "capture")
      remarks.append("\(loss.code.rawValue): \(captures)")
    }
    return BatchSuite(name: "captures", cases: cases, remarks: remarks.map { CIText.line($0) })
  }

  /// The jobs that get a suite; one for all when no capture names a job.
  private static func jobs(_ batch: BatchDetail) -> [Job] {
    let summary = batch.summary
    guard !summary.jobs.rows.isEmpty else {
      return [Job(title: "rules", names: nil, sums: batch.jobs)]
    }
    let known = Dictionary(batch.jobs.map { ($0.name, $0) }) { first, _ in first }
    var jobs = summary.jobs.rows.prefix(jobLimit).map { row in
      Job(title: row.name, names: [row.name], sums: known[row.name].map { [$0] } ?? [])
    }
    let names = Set(jobs.map(\.title))
    let rest = batch.jobs.filter { !$0.name.isEmpty && !names.contains($0.name) }
    if !rest.isEmpty || summary.jobs.rows.count > jobs.count || summary.jobs.others > 0 {
      jobs.append(Job(title: "other jobs", names: names, sums: rest, isRest: true))
    }
    if let unnamed = known[""] {
      jobs.append(Job(title: "no job", names: [], sums: [unnamed], isUnnamed: true))
    }
    return jobs
  }

  /// Captures that share a suite.
  private struct Job {
    let title: String
    /// Names of the job, or with `isRest` those that it is not; nil for all captures.
    let names: Set<String>?
    let sums: [JobSum]
    var isRest = false
    var isUnnamed = false

    func has(_ finding: FingerprintSum) -> Bool {
      guard let names else { return true }
      let rows = finding.jobs.rows
      if isUnnamed {
        let named = rows.reduce(finding.jobs.others) { $0 + $1.captures }
        return named < finding.captures
      }
      if isRest {
        return finding.jobs.others > 0 || rows.contains { !names.contains($0.name) }
      }
      return rows.contains { names.contains($0.name) }
    }
  }

  private static func suite(
    _ job: Job, _ batch: BatchDetail, _ ranked: [Int], _ options: CIOptions
  ) -> BatchSuite {
    var found: [String: [Int]] = [:]
    for place in ranked where job.has(batch.summary.findings[place]) {
      found[batch.summary.findings[place].rule, default: []].append(place)
    }
    var rules: [String: RuleSum] = [:]
    for rule in batch.summary.rules { rules[rule.id] = RuleSum(id: rule.id, name: rule.name) }
    for sum in job.sums {
      for rule in sum.rules {
        rules[rule.id, default: RuleSum(id: rule.id, name: rule.name)].add(rule)
      }
    }
    for id in found.keys where rules[id] == nil { rules[id] = RuleSum(id: id, name: "") }
    var remarks: [String] = []
    var captures = 0
    for sum in job.sums { captures += sum.captures }
    remarks.append(NumberText.counted(UInt64(captures), "capture"))
    let cases = rules.values.sorted { $0.id < $1.id }.map { rule -> Case in
      let findings = found[rule.id] ?? []
      let isPartial = rule.hasDecided && rule.undecidable + rule.notRecorded > 0
      if isPartial {
        let decided = rule.clean + rule.findings
        remarks.append("\(rule.id) could decide in \(decided) of \(decided + rule.silent) captures")
      }
      return Case(
        name: CIText.line(rule.name.isEmpty ? rule.id : "\(rule.id) \(rule.name)", limit: 200),
        outcome: outcome(rule, findings, batch, options), findings: findings)
    }
    return BatchSuite(
      name: CIText.line(job.title, limit: 200), cases: cases,
      remarks: remarks.map { CIText.line($0) })
  }

  private static func outcome(
    _ rule: RuleSum, _ findings: [Int], _ batch: BatchDetail, _ options: CIOptions
  ) -> RuleCase.Outcome {
    if findings.contains(where: { options.fails(batch.summary.findings[$0]) }) { return .failed }
    if rule.hasDecided || !findings.isEmpty { return .passed }
    guard rule.silent > 0 else { return .skipped("no capture was read") }
    return .skipped(CIText.line(BatchWords.reason(batch.silences[rule.id], rule)))
  }

  /// A finding as rows of text; evidence only for one of the first.
  static func rows(_ place: Int, _ batch: BatchDetail, isFull: Bool) -> [String] {
    let sum = batch.summary.findings[place]
    var rows = [CIText.line("\(sum.severity.rawValue): \(sum.title)")]
    if let standing = sum.standing { rows.append("  Standing: \(standing.rawValue)") }
    rows += FingerprintFacts(sum, in: batch.summary).pairs.map {
      CIText.line("  \($0.label): \($0.words)")
    }
    guard isFull else { return rows }
    let worst = batch.worst(place)
    let nanoseconds = worst.analysis.capture.timeIsNanoseconds
    let evidence = EvidenceRows.lines(worst.finding.evidence, limit: 12, nanoseconds: nanoseconds)
    if !evidence.isEmpty { rows += ["  Events:"] + evidence.map { "    " + CIText.line($0) } }
    let code = CodeRows.lines(worst.finding, limit: 8)
    if !code.isEmpty { rows += ["  Code:"] + code.map { "    " + CIText.line($0) } }
    return rows
  }
}

extension RuleSum {
  fileprivate var silent: Int { undecidable + notRecorded }

  fileprivate mutating func add(_ other: RuleSum) {
    clean += other.clean
    findings += other.findings
    undecidable += other.undecidable
    notRecorded += other.notRecorded
  }
}
