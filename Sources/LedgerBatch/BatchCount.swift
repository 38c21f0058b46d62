public import LedgerCore
internal import LedgerInput

/// The rules of this version, and its names.
public struct ToolIdentity: Sendable {
  /// Name and version.
  public var tool: String
  /// Names the set of rules; another one has to judge again.
  public var ruleSet: String
  /// Ids and names of all rules, by id.
  public var rules: [(id: String, name: String)]

  /// An identity with all its parts.
  public init(tool: String, ruleSet: String, rules: [(id: String, name: String)]) {
    self.tool = tool
    self.ruleSet = ruleSet
    self.rules = rules
  }
}

/// Counts together what a store knows about a list of inputs.
///
/// Memory follows the fingerprints, not the captures; the result depends on neither the order of the work nor the number of workers.
public struct BatchCount {
  /// Fingerprints whose example has its evidence.
  private static let evidenceLimit = 5000
  private static let troubleLimit = 1000
  private static let nameLimit = 4096
  private static let jobLimit = 1000

  private let store: BatchStore
  private var summary: BatchSummary
  private var kinds = NameTally(limit: Self.nameLimit)
  private var kernels = NameTally(limit: Self.nameLimit)
  private var jobs = NameTally(limit: Self.nameLimit)
  private var hosts = NameTally(limit: Self.nameLimit)
  private var losses: [LossCode: LossSum] = [:]
  private var rules: [String: RuleSum] = [:]
  private var patterns: [String: RulePattern] = [:]
  private var fingerprints: [String: FingerprintTally] = [:]
  private var expectations: Expectations
  /// The captures, when they are asked for.
  private var list: CaptureList?
  /// Hears of files that are no captures: name and reason.
  private let leftOut: (String) -> Void

  /// The summary of these inputs, which ascend by path.
  public static func summary(
    of inputs: [BatchInput], in store: BatchStore, identity: ToolIdentity,
    expectations: Expectations = Expectations(), leftOut: (String) -> Void = { _ in }
  ) -> BatchSummary {
    withoutActuallyEscaping(leftOut) { leftOut in
      var count = BatchCount(store, identity, expectations, leftOut)
      for input in inputs { count.add(input) }
      _ = count.finish()
      return count.summary
    }
  }

  /// The summary with all that reports name beside it; memory follows the captures then, about 200 bytes each.
  public static func detail(
    of inputs: [BatchInput], in store: BatchStore, identity: ToolIdentity,
    expectations: Expectations = Expectations(), leftOut: (String) -> Void = { _ in }
  ) -> BatchDetail {
    withoutActuallyEscaping(leftOut) { leftOut in
      var count = BatchCount(store, identity, expectations, leftOut)
      count.list = CaptureList()
      for input in inputs { count.add(input) }
      return count.detail()
    }
  }

  private init(
    _ store: BatchStore, _ identity: ToolIdentity, _ expectations: Expectations,
    _ leftOut: @escaping (String) -> Void
  ) {
    self.store = store
    self.expectations = expectations
    self.leftOut = leftOut
    summary = BatchSummary(tool: identity.tool, ruleSet: identity.ruleSet)
    for rule in identity.rules { rules[rule.id] = RuleSum(id: rule.id, name: rule.name) }
  }

  private mutating func add(_ input: BatchInput) {
    summary.inputs += 1
    let isKnown = store.forEachCapture(of: input) { add($0, input.path) }
    if !isKnown { summary.remaining += 1 }
  }

  private mutating func add(_ capture: StoredCapture, _ path: String) {
    let row = capture.row
    let sighting = capture.sighting
    summary.skipped += row.skipped
    for other in row.others { leftOut(path + other) }
    guard let status = row.status else { return }
    summary.captures += 1
    summary.statuses[status, default: 0] += 1
    summary.eventsRead = sum(summary.eventsRead, row.eventsRead)
    summary.eventsUsed = sum(summary.eventsUsed, row.eventsUsed)
    kinds.add(row.kind)
    kernels.add(sighting.kernel)
    jobs.add(sighting.label("job"))
    hosts.add(sighting.label("host"))
    if [.unreadable, .crash, .timeout].contains(status) {
      summary.troubleCount += 1
      if summary.troubles.count < Self.troubleLimit {
        summary.troubles.append(Trouble(path: sighting.path, status: status, error: row.error))
      }
    }
    for loss in row.losses {
      var total = losses[loss.code] ?? LossSum(code: loss.code, captures: 0, count: 0)
      total.captures += 1
      total.count = sum(total.count, loss.count)
      losses[loss.code] = total
    }
    addRules(capture)
    addFindings(capture)
    list?.add(capture, status)
  }

  /// Most captures of a batch have one of a few patterns.
  private mutating func addRules(_ capture: StoredCapture) {
    let (rules, job) = (capture.row.rules, capture.sighting.label("job"))
    var pattern = patterns[rules] ?? RulePattern(capture)
    patterns[rules] = nil
    pattern.captures += 1
    if pattern.jobs[job] != nil || pattern.jobs.count < Self.jobLimit {
      pattern.jobs[job, default: 0] += 1
    }
    patterns[rules] = pattern
  }

  /// What each rule said in all captures.
  private func sumOfRules() -> [RuleSum] {
    var rules = rules
    var jobs: [String: Set<String>] = [:]
    for (pattern, seen) in patterns {
      for word in pattern.split(separator: " ") {
        let id = String(word.dropLast())
        var rule = rules[id] ?? RuleSum(id: id, name: "")
        rule.count(word.last, seen.captures)
        rules[id] = rule
        guard word.last == "c" || word.last == "f" else { continue }
        for job in seen.jobs.keys where !job.isEmpty { jobs[id, default: []].insert(job) }
      }
    }
    for (id, jobs) in jobs { rules[id]?.jobs = Array(jobs.sorted().prefix(Self.jobLimit)) }
    return rules.values.sorted { $0.id < $1.id }
  }

  private mutating func addFindings(_ capture: StoredCapture) {
    var seen: Set<String> = []
    for finding in capture.row.findings {
      let isSuppressed = expectations.suppress(finding, in: capture.sighting.path)
      let isSame = !seen.insert(finding.id).inserted
      var tally = fingerprints.removeValue(forKey: finding.id) ?? FingerprintTally(finding, capture)
      tally.add(finding, capture, isSameCapture: isSame, isSuppressed: isSuppressed)
      if !isSame, let number = list?.take(tally.places.count) { tally.places.append(number) }
      fingerprints[finding.id] = tally
    }
  }
}

extension BatchCount {
  /// Completes the summary; gives the tallies in its order.
  private mutating func finish() -> [FingerprintTally] {
    summary.kinds = kinds.table
    summary.kernels = kernels.table
    summary.jobs = jobs.table
    summary.hosts = hosts.table
    summary.losses = losses.values.sorted { $0.code.rawValue < $1.code.rawValue }
    summary.rules = sumOfRules()
    var tallies = fingerprints.values.map { (sum: $0.result, tally: $0) }
    fingerprints = [:]
    tallies.sort { $0.sum.weighsMore(than: $1.sum) }
    for index in tallies.indices.prefix(Self.evidenceLimit) {
      show(&tallies[index].sum.example, tallies[index].tally.place)
    }
    summary.findings = tallies.map(\.sum)
    expectations.judge(&summary)
    return tallies.map(\.tally)
  }

  private mutating func detail() -> BatchDetail {
    let tallies = finish()
    var detail = BatchDetail(summary)
    detail.captures = list?.captures ?? []
    detail.places = tallies.map(\.places)
    detail.jobs = RulePattern.jobs(patterns, names: rules.mapValues(\.name))
    detail.silences = RulePattern.silences(patterns, in: store)
    let examples = zip(tallies, summary.findings).map {
      (head: $0.head, place: $0.place, path: $1.example.sighting.path)
    }
    detail.example = { [store] index in
      guard examples.indices.contains(index) else { return nil }
      let example = examples[index]
      guard example.place.size > 0 else { return nil }
      return store.analysis(head: example.head, path: example.path, findings: [example.place])
    }
    return detail
  }

  /// Adds the evidence to an example.
  private func show(_ example: inout WorstExample, _ place: DetailPlace) {
    guard let value = store.value(at: place) else { return }
    example.evidence = (value["evidence"]?.elements ?? []).map(Evidence.init)
    example.advice = value["advice"]?.text ?? ""
    example.doubt = value["doubt"]?.text ?? ""
  }
}

extension FingerprintSum {
  fileprivate func weighsMore(than other: FingerprintSum) -> Bool {
    let mine = (severity.weight, verdict.weight, captures)
    let others = (other.severity.weight, other.verdict.weight, other.captures)
    return mine == others ? id < other.id : mine > others
  }
}

extension Evidence {
  /// Reads what `pageledger.analysis/1` has of an event.
  init(_ value: JSONValue) {
    self.init(
      time: value["time"]?.count ?? 0, cpu: Int(value["cpu"]?.integer ?? -1),
      pid: Int32(clamping: value["pid"]?.integer ?? -1), comm: value["comm"]?.text ?? "",
      event: value["event"]?.text ?? "", text: value["text"]?.text ?? "",
      before: value["before"]?.text ?? "", after: value["after"]?.text ?? "")
    clock = EvidenceClock(rawValue: value["clock"]?.text ?? "") ?? .capture
    line = value["line"]?.count
  }
}
