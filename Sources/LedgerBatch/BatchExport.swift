public import LedgerCore
public import LedgerInput

/// Takes the captures of a batch one by one, each with its findings behind it.
public protocol BatchVisitor: AnyObject {
  /// A capture; its findings follow, if it has any.
  func begin(
    _ analysis: Analysis, status: CaptureStatus, labels: [(name: String, value: String)]
  ) throws(WriteError)
  /// A finding of the last capture, with its standing.
  func append(_ finding: Finding) throws(WriteError)
}

extension BatchStore {
  /// Shows all captures of these inputs in full, ascending by path; no more than one finding is held.
  public func show(
    _ inputs: [BatchInput], _ expectations: Expectations, to visitor: some BatchVisitor
  ) throws(WriteError) {
    var expectations = expectations
    var failure: WriteError?
    for input in inputs {
      _ = forEachCapture(of: input) { capture in
        guard failure == nil else { return }
        do throws(WriteError) {
          try show(capture, &expectations, to: visitor)
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  private func show(
    _ capture: StoredCapture, _ expectations: inout Expectations, to visitor: some BatchVisitor
  ) throws(WriteError) {
    guard let status = capture.row.status else { return }
    var head = analysis(of: capture, findings: []) ?? Analysis(bare: capture)
    // A copy has the words of its original, which had another name.
    head.failure = capture.row.error.isEmpty ? nil : capture.row.error
    head.capture.kernel = capture.sighting.kernel
    try visitor.begin(head, status: status, labels: capture.sighting.labels)
    for row in capture.row.findings {
      var finding = value(at: capture.place(of: row)).flatMap(Finding.init) ?? Finding(row)
      finding.standing = expectations.standing(of: row, in: capture.sighting.path)
      try visitor.append(finding)
    }
  }
}

extension Analysis {
  /// A capture of which only the row was kept.
  fileprivate init(bare capture: StoredCapture) {
    let info = CaptureInfo(path: capture.sighting.path, kind: capture.row.kind)
    self.init(
      verdict: .unreadable, capture: info, eventsUsed: 0, losses: [], rules: [], findings: [])
  }
}

extension Finding {
  /// A finding of which only the row was kept.
  fileprivate init(_ row: FindingRow) {
    self.init(
      id: row.id, rule: row.rule, verdict: row.verdict, severity: row.severity, title: row.title,
      pfn: row.pfn ?? Event.noFrame, pageRanges: [], block: nil, occurrences: row.occurrences,
      firstTime: 0, lastTime: 0, cpu: -1, pid: -1, comm: row.task, evidence: [], advice: "",
      doubt: "")
    clock = .none
    pathID = row.pathID
  }
}
