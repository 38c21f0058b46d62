internal import LedgerCore
internal import LedgerReplay

/// Which events of a finding's evidence tell who allocated, held and freed the page.
struct Attribution {
  /// At most one event a role, in the order of the roles.
  private(set) var items: [(role: PathRole, item: Draft.Item)] = []

  init(_ draft: Draft) {
    let known = draft.evidence.filter { $0.stack != 0 || $0.event.kind.isProbe }
    guard known.contains(where: { $0.stack != 0 || $0.event.caller != 0 }) else { return }
    // What the kernel did says more than which program asked for it: the user's part only completes it.
    let kernels = known.map { item in
      var item = item
      if !StackTable.hasKernel(item.stack) { item.stack = 0 }
      return item
    }.filter { $0.stack != 0 || $0.event.kind.isProbe }
    for role in PathRole.allCases {
      let other = Self.best(role, known, draft)
      guard var item = Self.best(role, kernels, draft) ?? other else { continue }
      if let other, other.event.pid == item.event.pid {
        item.stack = StackTable.joined(other.stack, item.stack)
      }
      items.append((role, item))
    }
  }

  private static func best(
    _ role: PathRole, _ items: [Draft.Item], _ draft: Draft
  ) -> Draft.Item? {
    switch role {
    case .allocator:
      return items.last { $0.event.kind == .pageAlloc && $0.stack != 0 }
        ?? items.last { $0.event.kind == .ttmPopulateReturn && $0.event.caller != 0 }
    case .holder:
      let takers = items.filter(\.event.takesHold)
      return takers.last { $0.event.isSame(as: draft.caseEvent) } ?? refusal(takers)
        ?? takers.last { $0.stack != 0 } ?? items.last { $0.event.tookHold && $0.event.caller != 0 }
    case .freer:
      let free = items.last { $0.event.givesBack && $0.stack != 0 }
      // A block's allocation behind it means that it was an earlier life's end.
      guard let free, let birth = draft.block?.time, free.event.time < birth else { return free }
      return nil
    case .complaint: return nil
    }
  }

  /// Who called a probed function that has no call chain, as its return tells: a word of the capture's `StackTable`, or 0.
  static func caller(of item: Draft.Item, _ draft: Draft) -> UInt64 {
    guard item.event.caller == 0 else { return item.event.caller }
    let back = draft.evidence.first {
      $0.event.caller != 0 && $0.event.kind.function == item.event.kind.function
        && $0.event.pid == item.event.pid && $0.event.time >= item.event.time
    }
    return back?.event.caller ?? 0
  }

  /// What KVM asked for and did not get says best who wanted to hold the page.
  private static func refusal(_ items: [Draft.Item]) -> Draft.Item? {
    items.last { $0.event.kind == .pageRefModUnless && $0.event.result == 0 && $0.stack != 0 }
  }
}

extension Event {
  /// It takes a reference or a mapping, or wants to.
  fileprivate var takesHold: Bool {
    switch kind {
    case .pageRefMod, .pageRefModAndReturn: value > 0
    case .pageRefModUnless: true
    case .grab, .gupFast, .gupSlow, .followPte, .hvaToPfn, .insertPfn, .insertHuge, .insertPage,
      .insertPages, .remapRange, .kvmSetSpte, .kvmSpteRequested, .iommuMap, .dmaMap, .vcpuMap:
      true
    default: false
    }
  }

  /// Where a function that takes hold returned to; 0 when that is not known.
  fileprivate var caller: UInt64 { kind.isProbe && kind.isReturn ? pointer : 0 }

  /// It is the return of a function that takes hold.
  fileprivate var tookHold: Bool {
    switch kind {
    case .hvaToPfnReturn, .insertPfnReturn, .insertHugeReturn, .insertPageReturn,
      .insertPagesReturn, .remapRangeReturn, .gupFastReturn, .gupSlowReturn, .grabReturn,
      .followPteReturn, .vcpuMapReturn:
      true
    default: false
    }
  }

  /// It puts the last reference, or gives the page back.
  fileprivate var givesBack: Bool {
    switch kind {
    case .pageFree, .pageFreeBatched, .freePages, .ttmPageFree, .ttmRelease: true
    case .pageRefModAndTest: result != 0
    case .pageRefModAndReturn: result <= 0
    case .pageRefMod: value < 0 && count <= 0
    default: false
    }
  }

  fileprivate func isSame(as other: Event) -> Bool {
    ordinal == other.ordinal && kind == other.kind && time == other.time
  }
}

extension EventKind {
  /// A probe on the return of a function.
  fileprivate var isReturn: Bool { name.hasSuffix("_ret") }

  /// The function that a probe is attached to; nil for what is no probe.
  var function: String? {
    guard isProbe else { return nil }
    return isReturn ? String(name.dropLast(4)) : name
  }
}
