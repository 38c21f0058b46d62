internal import LedgerCore

/// Collects the findings of one id.
struct FingerprintTally {
  /// Names that are kept of each kind.
  private static let nameLimit = 256
  private static let pathIDLimit = 16

  private(set) var sum: FingerprintSum
  private var kernels = NameTally(limit: Self.nameLimit)
  private var jobs = NameTally(limit: Self.nameLimit)
  private var hosts = NameTally(limit: Self.nameLimit)
  private var commits = NameTally(limit: Self.nameLimit)
  private var pathIDs: Set<String> = []
  private var worst: FindingRow
  /// Where the worst one stands in full.
  private(set) var place: DetailPlace
  /// Where the line about its capture stands.
  private(set) var head: DetailPlace
  /// Captures that have it, when they are listed.
  var places: [UInt32] = []

  init(_ finding: FindingRow, _ capture: StoredCapture) {
    sum = FingerprintSum(
      id: finding.id, rule: finding.rule, severity: finding.severity, verdict: finding.verdict,
      title: finding.title)
    worst = finding
    place = capture.place(of: finding)
    head = capture.head
  }

  /// Adds the findings of this id of one capture; captures come ascending by path.
  mutating func add(
    _ finding: FindingRow, _ capture: StoredCapture, isSameCapture: Bool, isSuppressed: Bool
  ) {
    let sighting = capture.sighting
    sum.occurrences = LedgerBatch.sum(sum.occurrences, finding.occurrences)
    if !finding.pathID.isEmpty, pathIDs.count < Self.pathIDLimit { pathIDs.insert(finding.pathID) }
    if finding.isWorse(than: worst) || sum.captures == 0 {
      worst = finding
      place = capture.place(of: finding)
      head = capture.head
      sum.example.sighting = sighting
    }
    guard !isSameCapture else { return }
    if sum.captures == 0 || sighting.isBefore(sum.first) { sum.first = sighting }
    if sum.captures == 0 || !sighting.isBefore(sum.last) { sum.last = sighting }
    sum.captures += 1
    if isSuppressed { sum.suppressed += 1 }
    kernels.add(sighting.kernel)
    jobs.add(sighting.label("job"))
    hosts.add(sighting.label("host"))
    commits.add(sighting.label("commit"))
  }

  /// The sum of all; without evidence.
  var result: FingerprintSum {
    var result = sum
    result.severity = worst.severity
    result.verdict = worst.verdict
    result.title = worst.title
    result.pathIDs = pathIDs.sorted()
    result.kernels = kernels.table
    result.jobs = jobs.table
    result.hosts = hosts.table
    result.commits = commits.table
    result.example.pfn = worst.pfn
    result.example.pages = worst.pages
    result.example.occurrences = worst.occurrences
    result.example.task = worst.task
    result.example.functions = worst.functions
    return result
  }
}

/// Where the line of a finding stands.
struct DetailPlace {
  var shard: Int
  var offset: UInt64
  var size: Int
}

extension FindingRow {
  /// Weighs more: by severity, verdict, occurrences, pages.
  func isWorse(than other: FindingRow) -> Bool {
    (severity.weight, verdict.weight, occurrences, pages)
      > (other.severity.weight, other.verdict.weight, other.occurrences, other.pages)
  }
}

extension Severity {
  var weight: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Verdict {
  /// The surer the larger.
  var weight: Int { Self.allCases.count - (Self.allCases.firstIndex(of: self) ?? 0) }
}

extension Sighting {
  /// By date, then by path.
  fileprivate func isBefore(_ other: Sighting) -> Bool {
    let (mine, others) = (label("date"), other.label("date"))
    return mine == others ? precedes(path, other.path) : precedes(mine, others)
  }
}
