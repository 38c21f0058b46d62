import LedgerCore

/// All findings of one cause in a batch as pairs of a label and words.
struct FingerprintFacts {
  /// In the order in which they are read; pairs without words are left out.
  let pairs: [(label: String, words: String)]

  init(_ finding: FingerprintSum, in batch: BatchSummary) {
    let example = finding.example
    var worst = example.sighting.path
    if let pfn = example.pfn { worst += ", page \(hex(pfn))" }
    let all = [
      ("Verdict", finding.verdict.rawValue),
      ("Captures", Self.captures(finding, of: batch)), ("Worst", worst),
      ("Task", example.task),
      ("Pages", example.pages > 0 ? NumberText.grouped(example.pages) : ""),
      ("Seen", NumberText.counted(finding.occurrences, "time")),
      ("First", Self.words(finding.first)),
      ("Last", finding.captures > 1 ? Self.words(finding.last) : ""),
      ("Kernels", BatchWords.names(finding.kernels)), ("Jobs", BatchWords.names(finding.jobs)),
      ("Hosts", BatchWords.names(finding.hosts)), ("Commits", BatchWords.names(finding.commits)),
      ("Advice", example.advice), ("Doubt", example.doubt), ("Id", finding.id),
    ]
    pairs = all.filter { !$0.1.isEmpty }.map { (label: $0.0, words: $0.1) }
  }

  /// `12 of 400, 3 of them suppressed`.
  static func captures(_ finding: FingerprintSum, of batch: BatchSummary) -> String {
    let words =
      "\(NumberText.grouped(UInt64(finding.captures))) of "
      + NumberText.grouped(UInt64(batch.captures))
    guard finding.suppressed > 0, finding.suppressed < finding.captures else { return words }
    return words + ", \(NumberText.grouped(UInt64(finding.suppressed))) of them suppressed"
  }

  /// `2026-01-31, logs/a.dat`.
  static func words(_ sighting: Sighting) -> String {
    let date = sighting.label("date")
    return date.isEmpty ? sighting.path : "\(date), \(sighting.path)"
  }
}

extension BatchDetail {
  /// The worst example of a finding with the words of the whole batch; `isFull` asks for its evidence too.
  func worst(_ index: Int, isFull: Bool = true) -> (analysis: Analysis, finding: Finding) {
    let sum = summary.findings[index]
    if isFull, var analysis = example(index), var finding = analysis.findings.first {
      finding.standing = sum.standing
      finding.occurrences = sum.occurrences
      analysis.findings = [finding]
      return (analysis, finding)
    }
    let example = sum.example
    var finding = Finding(
      id: sum.id, rule: sum.rule, verdict: sum.verdict, severity: sum.severity, title: sum.title,
      pfn: example.pfn ?? Event.noFrame, pageRanges: [], block: nil, occurrences: sum.occurrences,
      firstTime: 0, lastTime: 0, cpu: -1, pid: -1, comm: example.task, evidence: [],
      advice: example.advice, doubt: example.doubt)
    finding.standing = sum.standing
    finding.pathID = sum.pathIDs.first ?? ""
    finding.clock = .none
    var capture = CaptureInfo(path: example.sighting.path, kind: "")
    capture.kernel = example.sighting.kernel
    let analysis = Analysis(
      verdict: .findings, capture: capture, eventsUsed: 0, losses: [], rules: [],
      findings: [finding])
    return (analysis, finding)
  }
}
