internal import LedgerCore
internal import LedgerReplay

/// What the capture lets a rule conclude.
struct Coverage {
  let info: CaptureInfo
  let losses: LossLedger
  let isFiltered: Bool
  /// Counts did not chain somewhere: with a clock that is not named, its order is in doubt.
  let sawDisorder: Bool

  /// Different times on different CPUs tell which event came first.
  var ordersCPUs: Bool {
    guard !lacksContext else { return false }
    guard info.cpus > 1 else { return true }
    return info.clockOrdersCPUs && !(info.clock.isEmpty && sawDisorder)
  }

  /// The capture is the kernel's log and nothing else.
  var hasNoTrace: Bool { info.eventsRead == 0 && info.logLines > 0 && info.logPath.isEmpty }

  /// What the rules of the ledger lack in a log without a dump.
  static let noTrace = "a trace: the log holds no events of the ftrace buffer"

  /// The text does not say when, where or in which task events happened.
  var lacksContext: Bool { losses.rows.contains { $0.code == .contextNotPrinted } }

  /// Bytes of the capture are damaged.
  var isDamaged: Bool { losses.rows.contains { $0.code.isDamage } }

  /// Records of events that nothing describes: page events may be among them.
  var hidesEvents: Bool { losses.rows.contains { $0.code == .unknownEvent } }

  /// The event was recorded, or would have been had it happened.
  func covers(_ kind: EventKind) -> Bool {
    if info.count(of: kind) > 0 { return true }
    if info.listsEnabledEvents { return info.lists(kind) }
    // A text names only what happened; the whole page_ref group is enabled together as a rule.
    let everyday: [EventKind] = [.pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModUnless]
    return kind.isPageRef && everyday.allSatisfy { info.count(of: $0) > 0 }
  }

  /// The kernel's release is known and older than `version`.
  func isKernel(before version: KernelVersion) -> Bool {
    KernelVersion(release: info.kernel).map { $0 < version } ?? false
  }

  /// The rule is about older kernels than this one.
  func isBeyond(_ requirements: Requirements) -> Bool {
    guard let limit = requirements.before, let version = KernelVersion(release: info.kernel) else {
      return false
    }
    return version >= limit
  }

  func notRecorded(_ requirements: Requirements) -> [String] {
    var missing = requirements.all.filter { !covers($0) }.map(Self.name)
    for choice in requirements.any where !choice.contains(where: covers) {
      missing.append(choice.map(Self.name).joined(separator: " or "))
    }
    return missing
  }

  /// Why a rule that found nothing may still have missed something; empty when it saw all.
  func obstacles(_ requirements: Requirements) -> [String] {
    var reasons: [String] = []
    if info.eventsRead == 0 { reasons.append("no event was recorded") }
    if losses.isIncomplete { reasons.append("a capture without gaps (see losses)") }
    guard requirements.restsOnAbsence else { return reasons }
    if hidesEvents { reasons.append("the formats of all records (see losses)") }
    if losses.isFiltered {
      reasons.append("the events that a filter left out (see losses)")
    } else if isFiltered {
      reasons.append("the events of all tasks (no pid filter)")
    }
    if lacksContext {
      reasons.append("task, CPU and time of the events (option context-info)")
    } else if !ordersCPUs {
      reasons.append("a trace clock that orders CPUs (-C global or -C mono)")
    }
    return reasons
  }

  private static func name(_ kind: EventKind) -> String {
    kind.group == "probe" ? "a probe on \(kind.name)" : "\(kind.group):\(kind.name)"
  }
}
