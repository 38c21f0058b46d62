internal import LedgerCore
internal import LedgerReplay

/// Turns drafts into findings: names for tasks, fingerprints, order by weight.
struct Conclusion {
  private let info: CaptureInfo
  /// Other tasks' events were left out: what rests on absence is likely at best.
  private let isFiltered: Bool

  /// Bytes of the capture are damaged: nothing in it is proof.
  private let isDamaged: Bool
  private let isDisordered: Bool
  /// Counts do not follow from one another somewhere, for good: an event is missing or wrong, and the capture does not say which. No
  /// whole capture does this, so that one changed byte shows here more often than anywhere else.
  private let breaksChains: Bool
  /// Records of events that nothing describes were read.
  private let hidesEvents: Bool
  /// Which task did what is not known: nothing that joins events of one task is proof.
  private let lacksContext: Bool

  /// The call chains that the evidence names.
  private let stacks: StackTable

  init(
    _ info: CaptureInfo, isFiltered: Bool, breaksChains: Bool, losses: LossLedger,
    stacks: StackTable
  ) {
    self.breaksChains = breaksChains
    self.info = info
    self.stacks = stacks
    self.isFiltered = isFiltered
    isDamaged = losses.rows.contains { $0.code.isDamage }
    isDisordered = losses.rows.contains { $0.code == .timeBackwards }
    hidesEvents = losses.rows.contains { $0.code == .unknownEvent }
    lacksContext = losses.rows.contains {
      $0.code == .contextNotPrinted || $0.code == .missingColumns
    }
  }

  func findings(from drafts: [Draft]) -> [Finding] {
    let freedTails = Set(drafts.compactMap { ruleID($0) == "PL028" ? $0.block?.head : nil })
    var stories: [Cause: Int] = [:]
    var findings: [Finding] = []
    for (index, draft) in drafts.enumerated() {
      var finding = finding(draft, freedTails)
      let cause = Cause(draft)
      // What names no page is a story by itself.
      finding.story = cause.pfn == Event.noFrame ? index + 1 : stories[cause] ?? index + 1
      stories[cause] = finding.story
      findings.append(finding)
    }
    Self.number(&findings)
    return findings
  }

  /// What findings of one cause have in common: the block from one allocation to the next, or the page.
  private struct Cause: Hashable {
    var pfn: UInt64
    var born: UInt64

    init(_ draft: Draft) {
      pfn = draft.block?.head ?? draft.pfn
      born = draft.block?.time ?? 0
    }
  }

  /// Puts findings in order by weight, those of one story behind the strongest of them, and numbers the stories from 1. A
  /// complaint of the kernel, which has none yet, joins the story of a finding that it is tied to.
  static func number(_ findings: inout [Finding]) {
    let stories = Dictionary(
      findings.filter { $0.story > 0 }.map { ($0.id, $0.story) }, uniquingKeysWith: { a, _ in a })
    var places: [Int: Int] = [:]
    var parts: [[Finding]] = []
    for var finding in findings.sorted(by: weighsMore) {
      var key = finding.story
      if key == 0 { key = finding.related.lazy.compactMap { stories[$0] }.first ?? 0 }
      let place = key == 0 ? parts.count : places[key] ?? parts.count
      if place == parts.count { parts.append([]) }
      if key != 0 { places[key] = place }
      finding.story = place + 1
      parts[place].append(finding)
    }
    findings = parts.flatMap { $0 }
  }

  private func ruleID(_ draft: Draft) -> String { RuleCatalog.rules[draft.rule].description.id }

  private func finding(_ draft: Draft, _ freedTails: Set<UInt64>) -> Finding {
    var draft = draft
    // A reference on a tail corrupts memory once its put has freed the tail.
    if ruleID(draft) == "PL001", let head = draft.block?.head, freedTails.contains(head) {
      draft.charge.severity = .critical
    }
    draft.charge.verdict = verdict(draft)
    let ranges = draft.pages.settled()
    var finding = Finding(
      id: fingerprint(draft), rule: ruleID(draft), verdict: draft.charge.verdict,
      severity: draft.charge.severity, title: title(draft, ranges), pfn: draft.pfn,
      pageRanges: ranges, block: draft.block?.reference, occurrences: draft.occurrences,
      firstTime: draft.firstTime, lastTime: draft.lastTime, cpu: Int(draft.caseEvent.cpu),
      pid: draft.charge.pid, comm: comm(draft.charge.pid),
      evidence: draft.evidence.map(evidence), advice: draft.story.advice,
      doubt: draft.story.doubt)
    finding.paths = paths(draft)
    return finding
  }

  private func paths(_ draft: Draft) -> [CodePath] {
    Attribution(draft).items.compactMap { role, item in
      var frames = stacks.frames(of: item.stack).map { CodeFrame($0) }
      if frames.isEmpty {
        frames = item.event.kind.function.map { [CodeFrame(function: $0)] } ?? []
        let caller = frames.isEmpty ? 0 : Attribution.caller(of: item, draft)
        if caller != 0 { frames.append(CodeFrame(stacks.frame(caller))) }
      }
      let user = stacks.userFrames(of: item.stack).map { CodeFrame($0) }
      guard !frames.isEmpty || !user.isEmpty else { return nil }
      var path = CodePath(
        role: role, event: item.event.kind.name, time: item.event.time, pid: item.event.pid,
        comm: comm(item.event.pid), frames: frames)
      path.user = user
      return path
    }
  }

  /// What other tasks did was left out, tasks are not named, times run backwards or bytes are damaged: then less is certain than the events themselves say.
  private func verdict(_ draft: Draft) -> Verdict {
    let verdict = draft.charge.verdict
    guard verdict == .proven else { return verdict }
    let restsOnAbsence = RuleCatalog.rules[draft.rule].requirements.restsOnAbsence
    if hidesEvents, restsOnAbsence { return .suspect }
    if isDamaged { return restsOnAbsence ? .suspect : .likely }
    if restsOnAbsence, isFiltered || breaksChains && draft.charge.severity > .info {
      return .likely
    }
    return lacksContext || isDisordered ? .likely : verdict
  }

  private func title(_ draft: Draft, _ ranges: [ClosedRange<UInt64>]) -> String {
    let pages = ranges.reduce(0) { $0 &+ ($1.upperBound &- $1.lowerBound &+ 1) }
    guard pages > 1 else { return draft.story.title }
    if draft.charge.pages != nil { return draft.story.title }
    guard let block = draft.block else { return "\(draft.story.title) (\(pages) pages in all)" }
    return "\(draft.story.title) (\(pages) of \(block.pages) pages)"
  }

  private func evidence(_ item: Draft.Item) -> Evidence {
    Evidence(
      time: item.event.time, cpu: Int(item.event.cpu), pid: item.event.pid,
      comm: comm(item.event.pid), event: item.event.kind.name,
      text: item.event.words, before: item.before, after: item.after)
  }

  private func comm(_ pid: Int32) -> String {
    pid == 0 ? "<idle>" : info.comms[pid] ?? "<...>"
  }

  private func fingerprint(_ draft: Draft) -> String {
    let block = draft.block.map { "\($0.kind.rawValue)/\($0.order)" } ?? "page"
    let task = comm(draft.charge.pid).withoutNumbers
    let cause = "\(ruleID(draft))|\(draft.charge.variant)|\(block)|\(task)"
    return Fingerprint.id(rule: ruleID(draft), cause: cause)
  }

  static func weighsMore(_ a: Finding, _ b: Finding) -> Bool {
    if a.severity != b.severity { return a.severity > b.severity }
    if a.verdict != b.verdict { return a.verdict.rank < b.verdict.rank }
    return (a.rule, a.firstTime, a.pfn) < (b.rule, b.firstTime, b.pfn)
  }
}
