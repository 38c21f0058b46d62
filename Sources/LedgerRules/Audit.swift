public import LedgerCore
public import LedgerReplay

/// Replays a capture and judges it by all rules: the one call of the product's core.
public struct Audit: ~Copyable {
  private var replay: Replay
  private var findings = FindingLedger()
  private var discontinuities = 0
  private var sawGap = false
  /// Drafts that were given out before the end.
  private var followed: Set<UInt64> = []
  /// Complaints of the kernel that were given out before the end.
  private var followedComplaints: Set<String> = []
  private static let marksOfRules = RuleCatalog.rules.map(\.marks)

  /// A get from 0 on a page never seen before is judged only this long after the start: a page frozen before the
  /// capture began has been thawed by then.
  private static let settlingTime: UInt64 = 100_000_000

  /// So many events of one task alone do not come from an unfiltered capture.
  private static let filterFloor: UInt64 = 20_000

  /// An audit whose page states may take `pageLimitBytes` of memory.
  public init(pageLimitBytes: UInt64, watch: WatchRange? = nil) {
    replay = Replay(limitBytes: pageLimitBytes, watch: watch)
  }

  /// Takes the next events of the capture.
  public mutating func consume(_ batch: borrowing EventBatch) {
    if !batch.stacks.isEmpty { replay.take(batch.stacks) }
    if !findings.incomplete.isEmpty { findings.completeStacks(replay) }
    replay.apply(batch.events.span)
    if !replay.transitions.isEmpty { judge() }
  }

  /// The watched steps since the last call.
  public mutating func takeWatched() -> [WatchedStep] { replay.takeWatched() }

  /// There may be something that `newlyCertain` has not given yet.
  public var hasUntold: Bool { findings.drafts.count > followed.count }

  /// The findings that can be believed by now and were not given before, in the order in which they arose.
  ///
  /// A later gap in the capture may still take one back: the final analysis is what counts.
  /// `stacks` is asked for only when there is one. When call chains may come `late`, findings of the last batch wait for
  /// the next one; an empty one will do.
  public mutating func newlyCertain(
    info: CaptureInfo, losses: LossLedger, late: Bool = false, stacks: () -> StackTable
  ) -> [Finding] {
    let waiting = late ? findings.waiting : []
    guard
      findings.drafts.contains(where: {
        !followed.contains($0.serial) && !waiting.contains($0.serial)
      })
    else { return [] }
    let coverage = coverage(info, losses)
    let conclusion = conclusion(info, losses, stacks())
    return findings.drafts.filter {
      !followed.contains($0.serial) && !waiting.contains($0.serial) && isBelievable($0, coverage)
    }
    .flatMap { draft in
      followed.insert(draft.serial)
      return conclusion.findings(from: [draft])
    }
  }

  /// The findings of the kernel's complaints that were not given before; `complaints` is the log up to now.
  public mutating func newlyComplained(_ complaints: ComplaintLog, info: CaptureInfo) -> [Finding] {
    LogWitness(info: info, complaints: complaints).findings(replay).filter {
      followedComplaints.insert($0.id).inserted
    }
  }

  /// What is known of a page now; nil before the first event.
  public mutating func snapshot(of pfn: UInt64) -> PageSnapshot? { replay.snapshot(of: pfn) }

  /// Ends the capture and gives the result; `complaints` are those of the capture and of a log beside it.
  public mutating func finish(
    info: CaptureInfo, losses: LossLedger, complaints: ComplaintLog = ComplaintLog(),
    stacks: StackTable = StackTable()
  ) -> Analysis {
    replay.finish()
    judge()
    if !findings.incomplete.isEmpty { findings.completeStacks(replay) }
    var losses = losses
    losses.merge(replay.losses)
    if isFiltered, !losses.isFiltered { losses.add(.filterSuspected) }
    let dropped = findings.dropped &+ complaints.dropped
    if dropped > 0 { losses.add(.findingsDropped, count: dropped) }
    let coverage = coverage(info, losses)
    if !coverage.ordersCPUs, !coverage.lacksContext { losses.add(.unorderedClock) }
    let kept = findings.drafts.filter { isBelievable($0, coverage) }
    let rules = reports(coverage, kept)
    let witness = LogWitness(info: info, complaints: complaints)
    var all = conclusion(info, losses, stacks).findings(from: kept)
    witness.join(&all, replay)
    var analysis = Analysis(
      verdict: verdict(all, losses, rules), capture: info, eventsUsed: replay.eventsUsed,
      losses: losses.rows, rules: rules + witness.reports, findings: all)
    analysis.explained = replay.explained
    return analysis
  }

  /// All events are of one task: a filter is likely.
  private var isFiltered: Bool {
    !replay.tasksDiffer && replay.eventsUsed >= Self.filterFloor
  }

  private func coverage(_ info: CaptureInfo, _ losses: LossLedger) -> Coverage {
    Coverage(
      info: info, losses: losses, isFiltered: isFiltered || losses.isFiltered,
      sawDisorder: discontinuities > 0)
  }

  private func conclusion(_ info: CaptureInfo, _ losses: LossLedger, _ stacks: StackTable)
    -> Conclusion
  {
    Conclusion(
      info, isFiltered: isFiltered || losses.isFiltered, breaksChains: discontinuities > 0,
      losses: losses,
      stacks: stacks)
  }

  private mutating func judge() {
    for index in replay.transitions.indices { judge(replay.transitions[index]) }
  }

  private mutating func judge(_ transition: Transition) {
    if transition.marks.contains(.darkSince) {
      sawGap = true
      return findings.retract(since: transition.event.time, rules: RuleCatalog.rules)
    }
    if transition.marks.contains(.getWasSet) { return findings.doubt(transition.event) }
    if transition.marks.contains(.discontinuity) { discontinuities += 1 }
    if isTooEarly(transition) { return }
    let marks = Self.marksOfRules
    for number in marks.indices where !marks[number].isDisjoint(with: transition.marks) {
      guard var charge = RuleCatalog.rules[number].charge(transition) else { continue }
      if transition.marks.contains(.doubtful), charge.verdict == .proven {
        charge.verdict = .likely
      }
      findings.add(charge, rule: number, transition, replay)
    }
  }

  private func isTooEarly(_ transition: Transition) -> Bool {
    guard transition.marks.contains(.getFromUnseenZero) else { return false }
    let age = transition.event.time &- (replay.start ?? transition.event.time)
    return sawGap || age < Self.settlingTime
  }

  private func isBelievable(_ draft: Draft, _ coverage: Coverage) -> Bool {
    let requirements = RuleCatalog.rules[draft.rule].requirements
    guard coverage.notRecorded(requirements).isEmpty,
      draft.charge.alsoNeeds.allSatisfy(coverage.covers)
    else { return false }
    if let version = requirements.before, !draft.charge.isOfAnyKernel,
      !coverage.isKernel(before: version)
    {
      return false
    }
    guard requirements.restsOnAbsence else { return true }
    if draft.charge.variant == PL005DoubleFree.silentVariant,
      !coverage.isKernel(before: KernelVersion(6, 19))
    {
      return false
    }
    if coverage.isFiltered, draft.charge.dependsOnOthers { return false }
    if coverage.isDamaged || coverage.hidesEvents, draft.charge.verdict != .proven { return false }
    return coverage.ordersCPUs || draft.evidence.allSatisfy { $0.event.cpu == draft.caseEvent.cpu }
  }

  private func reports(_ coverage: Coverage, _ kept: [Draft]) -> [RuleReport] {
    RuleCatalog.rules.enumerated().map { number, rule in
      let requirements = rule.requirements
      let name = rule.description
      if kept.contains(where: { $0.rule == number }) {
        return RuleReport(id: name.id, name: name.name, status: .findings, missing: [])
      }
      if coverage.hasNoTrace {
        return RuleReport(
          id: name.id, name: name.name, status: .undecidable, missing: [Coverage.noTrace])
      }
      let absent = coverage.notRecorded(requirements)
      guard absent.isEmpty else {
        return RuleReport(id: name.id, name: name.name, status: .notRecorded, missing: absent)
      }
      var obstacles = coverage.obstacles(requirements)
      obstacles += observed(name.id)
      if let assurance = requirements.assurance,
        !assurance.any.allSatisfy({ $0.contains(where: coverage.covers) })
      {
        obstacles.append(assurance.words)
      }
      let patterns = unproven(number, coverage)
      if !patterns.isEmpty { obstacles.append(Self.patternWithoutProof) }
      let status: RuleStatus = obstacles.isEmpty ? .clean : .undecidable
      var report = RuleReport(id: name.id, name: name.name, status: status, missing: obstacles)
      report.isUnproven = patterns.contains { $0.charge.severity > .info }
      return report
    }
  }

  /// What a rule says of events that fit its pattern and are no proof.
  private static let patternWithoutProof =
    "the kernel's release, or order between CPUs: an event pattern fits, without proof"

  /// What fits the pattern of a rule that has the events it needs, and could not be believed.
  private func unproven(_ number: Int, _ coverage: Coverage) -> [Draft] {
    guard !coverage.isBeyond(RuleCatalog.rules[number].requirements) else { return [] }
    return findings.drafts.filter { $0.rule == number }
  }

  /// What the replay met that the rule cannot see through.
  private func observed(_ id: String) -> [String] {
    let seen = replay.observations
    if id == "PL008" || id == "PL009", seen.shadowEntries > 0 {
      return [
        "removals of the shadow MMU's entries, which leave no event (tdp_mmu=Y, no nested guest)"
      ]
    }
    if id == "PL008" || id == "PL009", seen.olderEntries > 0 {
      return [
        "\(seen.olderEntries) guest entries that are older than the capture: start before the VM"
      ]
    }
    if id == "PL014", seen.unplacedPins > 0 {
      return ["where the zone lies in page flags, for \(seen.unplacedPins) pages pinned for long"]
    }
    if id == "PL012", seen.unplacedMaps > 0 {
      return ["the VM of \(seen.unplacedMaps) kvm_vcpu_map calls: kvm=+0($arg1) in the probe"]
    }
    if id == "PL009", seen.unplacedEntries > 0 {
      return [
        "the VM and the memory slots of \(seen.unplacedEntries) guest entries: start before the VM, with a probe on handle_changed_spte"
      ]
    }
    if id == "PL025" || id == "PL029", seen.unclearDeviceAddresses > 0 {
      return ["which domain an address belongs to, or the maps before the capture began"]
    }
    let isByPage = ["PL013", "PL015", "PL017", "PL021"].contains(id)
    if isByPage, seen.unresolvedPages > 0 {
      return [
        "where struct page begins: vmemmap=@vmemmap_base in the probes, or pagemap:mm_lru_insertion"
      ]
    }
    return []
  }

  /// A kernel that did not complain proves nothing: clean is what the rules of the ledger found clean.
  private func verdict(_ found: [Finding], _ losses: LossLedger, _ rules: [RuleReport])
    -> AnalysisVerdict
  {
    if found.contains(where: { $0.severity > .info }) { return .findings }
    let someDecided = rules.contains { $0.status == .clean || $0.status == .findings }
    let isCovered = someDecided && !rules.contains { $0.isUnproven }
    return losses.isIncomplete || !isCovered ? .incomplete : .clean
  }
}
