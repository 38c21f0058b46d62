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
  private var patterns: [String: (captures: Int, jobs: Set<String>)] = [:]
  private var fingerprints: [String: FingerprintTally] = [:]
  private var expectations: Expectations
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
      return count.finish()
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
    guard let stored = store.stored(input.path), store.place(of: stored.key) != nil else {
      summary.remaining += 1
      return
    }
    let labels = input.labels.map { (name: $0.name, value: $0.value) }
    store.forEachPart(of: stored.key) { bytes, part, shard in
      var details = part.payload &+ UInt64(part.rows)
      bytes.forEachLine { range in
        guard let value = try? JSONReader.value(of: bytes, in: range), let row = CaptureRow(value)
        else { return }
        var sighting = Sighting()
        sighting.path = input.path + row.member
        sighting.labels = labels
        sighting.kernel = row.kernel.isEmpty ? sighting.label("kernel") : row.kernel
        add(row, sighting, input.path, DetailPlace(shard: shard, offset: details, size: 0))
        details &+= UInt64(row.details)
      }
    }
  }

  private mutating func add(
    _ row: CaptureRow, _ sighting: Sighting, _ path: String, _ place: DetailPlace
  ) {
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
    addRules(row, sighting.label("job"))
    addFindings(row, sighting, place)
  }

  /// Most captures of a batch have one of a few patterns.
  private mutating func addRules(_ row: CaptureRow, _ job: String) {
    var pattern = patterns[row.rules] ?? (captures: 0, jobs: [])
    patterns[row.rules] = nil
    pattern.captures += 1
    if !job.isEmpty, pattern.jobs.count < Self.jobLimit { pattern.jobs.insert(job) }
    patterns[row.rules] = pattern
  }

  /// What each rule said in all captures.
  private func sumOfRules() -> [RuleSum] {
    var rules = rules
    var jobs: [String: Set<String>] = [:]
    for (pattern, seen) in patterns {
      for word in pattern.split(separator: " ") {
        let id = String(word.dropLast())
        var rule = rules[id] ?? RuleSum(id: id, name: "")
        switch word.last {
        case "c": rule.clean += seen.captures
        case "f": rule.findings += seen.captures
        case "u": rule.undecidable += seen.captures
        default: rule.notRecorded += seen.captures
        }
        rules[id] = rule
        if word.last == "c" || word.last == "f" { jobs[id, default: []].formUnion(seen.jobs) }
      }
    }
    for (id, jobs) in jobs { rules[id]?.jobs = Array(jobs.sorted().prefix(Self.jobLimit)) }
    return rules.values.sorted { $0.id < $1.id }
  }

  private mutating func addFindings(
    _ row: CaptureRow, _ sighting: Sighting, _ place: DetailPlace
  ) {
    var seen: Set<String> = []
    for finding in row.findings {
      var place = place
      place.offset &+= UInt64(finding.at)
      place.size = finding.size
      let isSuppressed = expectations.suppress(finding, in: sighting.path)
      let isSame = !seen.insert(finding.id).inserted
      fingerprints[finding.id, default: FingerprintTally(finding, place)].add(
        finding, sighting, place, isSameCapture: isSame, isSuppressed: isSuppressed)
    }
  }
}

extension BatchCount {
  private mutating func finish() -> BatchSummary {
    summary.kinds = kinds.table
    summary.kernels = kernels.table
    summary.jobs = jobs.table
    summary.hosts = hosts.table
    summary.losses = losses.values.sorted { $0.code.rawValue < $1.code.rawValue }
    summary.rules = sumOfRules()
    var tallies = fingerprints.values.map { (sum: $0.result, place: $0.place) }
    fingerprints = [:]
    tallies.sort { $0.sum.weighsMore(than: $1.sum) }
    for index in tallies.indices.prefix(Self.evidenceLimit) {
      show(&tallies[index].sum.example, tallies[index].place)
    }
    summary.findings = tallies.map(\.sum)
    expectations.judge(&summary)
    return summary
  }

  /// Adds the evidence to an example.
  private func show(_ example: inout WorstExample, _ place: DetailPlace) {
    let line = store.bytes(shard: place.shard, at: place.offset, count: place.size)
    guard !line.isEmpty, let value = try? JSONReader.value(of: line) else { return }
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
