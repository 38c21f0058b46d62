internal import LedgerCore
internal import LedgerReplay

/// The kernel's log as a second witness beside the ledger.
struct LogWitness {
  let info: CaptureInfo
  let complaints: ComplaintLog

  /// A log was read, so that its silence means something.
  private var hasLog: Bool { info.logLines > 0 || !complaints.complaints.isEmpty }

  /// What the rules of the log have to say; nothing when there is no log.
  var reports: [RuleReport] {
    guard hasLog else { return [] }
    return RuleCatalog.complaintRules.map { rule in
      let name = rule.description
      let isFound = complaints.complaints.contains { $0.kind == rule.kind }
      let missing =
        info.logDropped > 0 && !isFound
        ? ["the messages that printk dropped (\(info.logDropped))"] : []
      let status: RuleStatus = isFound ? .findings : missing.isEmpty ? .clean : .undecidable
      return RuleReport(id: name.id, name: name.name, status: status, missing: missing)
    }
  }

  /// Adds a finding for each complaint, and ties it to what the ledger found of the same pages.
  func join(_ findings: inout [Finding], _ replay: borrowing Replay) {
    guard !complaints.complaints.isEmpty else { return }
    let conclusion = ComplaintConclusion(info, knowledge: replay.knowledgeAtMarks)
    let ledgers = findings.indices
    var frames: [(pfn: UInt64, place: Int)] = []
    for complaint in complaints.complaints {
      guard let finding = Self.finding(complaint, conclusion, replay) else { continue }
      frames += complaint.pages.map { ($0, findings.count) }
      findings.append(finding)
    }
    Self.tie(&findings, ledgers, frames.sorted { ($0.pfn, $0.place) < ($1.pfn, $1.place) })
    Conclusion.number(&findings)
  }

  /// The findings of all complaints, as far as they are known by now.
  func findings(_ replay: borrowing Replay) -> [Finding] {
    let conclusion = ComplaintConclusion(info, knowledge: replay.knowledgeAtMarks)
    var found: [Finding] = []
    for complaint in complaints.complaints {
      if let finding = Self.finding(complaint, conclusion, replay) { found.append(finding) }
    }
    return found
  }

  private static func finding(
    _ complaint: KernelComplaint, _ conclusion: ComplaintConclusion, _ replay: borrowing Replay
  ) -> Finding? {
    guard let rule = RuleCatalog.complaintRules.first(where: { $0.kind == complaint.kind }) else {
      return nil
    }
    var known: [UInt64: PageKnowledge] = [:]
    for pfn in complaint.pages { known[pfn] = replay.knowledge(of: pfn) }
    return conclusion.finding(complaint, rule, known)
  }

  /// Ties findings of the ledger to complaints about the same pages, or about their block.
  private static func tie(
    _ findings: inout [Finding], _ ledgers: Range<Int>, _ frames: [(pfn: UInt64, place: Int)]
  ) {
    guard !frames.isEmpty else { return }
    for index in ledgers {
      for range in ranges(findings[index]) {
        var at = frames.firstPlace { $0.pfn >= range.lowerBound }
        let end = min(frames.count, at + frameLimit)
        while at < end, range.contains(frames[at].pfn),
          findings[index].related.count < relatedLimit
        {
          tie(&findings, index, frames[at].place)
          at += 1
        }
      }
    }
  }

  private static func ranges(_ finding: Finding) -> [ClosedRange<UInt64>] {
    guard let block = finding.block, block.order <= Event.orderLimit, block.pfn < Event.frameLimit
    else { return finding.pageRanges }
    return finding.pageRanges + [block.pfn...(block.pfn + (1 << UInt64(block.order)) - 1)]
  }

  /// Cross references of one finding that are kept.
  private static let relatedLimit = 16
  /// Frames of a range that are looked at: more of them name the same complaints as a rule.
  private static let frameLimit = 256

  private static func tie(_ findings: inout [Finding], _ a: Int, _ b: Int) {
    for (one, other) in [(a, b), (b, a)] {
      let id = findings[other].id
      guard findings[one].related.count < relatedLimit, !findings[one].related.contains(id) else {
        continue
      }
      findings[one].related.append(id)
    }
  }
}

extension Array {
  /// The first place of a sorted array for which `isBehind` holds.
  fileprivate func firstPlace(where isBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
