import LedgerCore
import LedgerRules

/// A finding, as far as a mutation asks for it.
struct Accusation: Hashable, CustomStringConvertible {
  var rule: String
  var verdict: Verdict
  var ranges: [ClosedRange<UInt64>]

  var description: String {
    let pages = ranges.map { "0x" + String($0.lowerBound, radix: 16) + "+\($0.count - 1)" }
    return "\(rule) \(verdict.rawValue) \(pages.joined(separator: ","))"
  }
}

/// How a mutation ended.
enum Outcome {
  case right
  case missed(String)
  case wrong(String)
}

/// What the rules say of a stream.
struct Judgement {
  /// All findings.
  var said: [Accusation]
  /// Those at likely and above, of more than information.
  var accused: [Accusation]
  private var isClean: Bool

  init(_ events: [Event], _ info: CaptureInfo, _ losses: LossLedger = LossLedger()) {
    var audit = Audit(pageLimitBytes: 64 << 20)
    var batch = EventBatch()
    for start in stride(from: 0, to: events.count, by: EventBatch.capacity) {
      batch.events = Array(events[start..<min(events.count, start + EventBatch.capacity)])
      audit.consume(batch)
    }
    let analysis = audit.finish(info: info, losses: losses)
    isClean = analysis.verdict == .clean
    said = []
    accused = []
    for finding in analysis.findings {
      let accusation = Accusation(
        rule: finding.rule, verdict: finding.verdict, ranges: finding.pageRanges)
      said.append(accusation)
      if finding.severity > .info, [.proven, .likely].contains(finding.verdict) {
        accused.append(accusation)
      }
    }
  }

  func outcome(_ expectation: Expectation) -> Outcome {
    switch expectation {
    case .silent: accused.isEmpty ? .right : .wrong("\(accused)")
    case .bounded(let frames): strangers(frames)
    case .admitted: admitted
    case .found(let groups, let page, let frames, let verdict):
      found(groups, page, frames, verdict)
    case .unproven(let rule, let page, let frames): unproven(rule, page, frames)
    }
  }

  private var proven: [Accusation] { accused.filter { $0.verdict == .proven } }

  private func unproven(_ rule: String, _ page: UInt64, _ frames: [ClosedRange<UInt64>]) -> Outcome
  {
    proven.isEmpty ? found([[rule]], page, frames, .likely) : .wrong("\(proven)")
  }

  private var admitted: Outcome {
    guard proven.isEmpty else { return .wrong("\(proven)") }
    return isClean ? .missed("the loss") : .right
  }

  private func found(
    _ groups: [[String]], _ page: UInt64, _ frames: [ClosedRange<UInt64>], _ verdict: Verdict
  ) -> Outcome {
    let stranger = strangers(frames)
    if case .wrong = stranger { return stranger }
    for group in groups where !said.contains(where: { fits($0, group, page, verdict) }) {
      return .missed("\(group) on 0x\(String(page, radix: 16)), said \(said)")
    }
    return .right
  }

  private func fits(
    _ accusation: Accusation, _ group: [String], _ page: UInt64, _ verdict: Verdict
  ) -> Bool {
    let isSure = accusation.verdict == .proven || verdict != .proven
    return isSure && group.contains(accusation.rule)
      && accusation.ranges.contains { $0.contains(page) }
  }

  /// Wrong if pages are accused that have nothing to do with what was done.
  private func strangers(_ frames: [ClosedRange<UInt64>]) -> Outcome {
    let others = accused.filter { accusation in
      accusation.ranges.contains { range in
        !frames.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
      }
    }
    return others.isEmpty ? .right : .wrong("\(others)")
  }
}
