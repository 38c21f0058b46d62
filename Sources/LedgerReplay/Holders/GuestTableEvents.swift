internal import LedgerCore

// Stage-2 entries, memory slots and invalidations. arch/x86/kvm/mmu, virt/kvm/kvm_main.c (5.15 to 7.1)
extension Replay {
  /// `kvm_tdp_mmu_spte_changed`: one entry, its old and its new value.
  mutating func entryChanged(_ event: Event) {
    let level = event.order
    let kvm = machine(changing: event)
    let space = UInt8(truncatingIfNeeded: event.value)
    let isSound = StageTwo.isSound(event)
    contradictLeaves(by: event, isSound: isSound, kvm: kvm, space: space)
    guard isSound else { return }
    let isKept =
      StageTwo.isLeaf(event.extra, level: level) && level <= 3
      && !leafChanged(event, kvm: kvm, space: space)
    guard !isKept, StageTwo.isLeaf(event.word, level: level), level <= 3 else { return }
    // Removed at the same time on another CPU: the removal came behind.
    let isGone = holders.letGo.contains(besides: event) {
      $0.kind == .spteChanged && $0.pointer == event.pointer && $0.order == level
        && StageTwo.frame(of: $0.extra, level: level)
          == StageTwo.frame(of: event.word, level: level)
    }
    guard !isGone else {
      if observations.olderEntries > 0 { observations.olderEntries -= 1 }
      return
    }
    if kvm == 0 || !holders.machines.knows(kvm) { observations.unplacedEntries &+= 1 }
    addLeaf(event, kvm: kvm, space: space)
  }

  /// Takes out the leaf that an entry held; false if only its bits have changed, so that the entry and its proof stay.
  private mutating func leafChanged(_ event: Event, kvm: UInt64, space: UInt8) -> Bool {
    let level = event.order
    let pfn = StageTwo.frame(of: event.extra, level: level)
    guard
      let number = holders.stageTwo.number(
        gfn: event.pointer, space: space, level: level, pfn: pfn, kvm: kvm)
    else {
      holders.letGo.note(event)
      holders.stageTwo.contradict(
        gfn: event.pointer, space: space, level: level, pfn: pfn, kvm: kvm)
      observations.olderEntries &+= 1
      return true
    }
    if StageTwo.isLeaf(event.word, level: level),
      StageTwo.frame(of: event.word, level: level) == pfn
    {
      return false
    }
    let leaf = holders.stageTwo[number]
    holders.stageTwo.remove(number)
    if StageTwo.isTable(event.word, level: level) { split(leaf, by: event) }
    if event.word & StageTwo.present == 0 { noteZap(event, kvm: kvm, space: space) }
    return true
  }

  /// arch/x86/kvm/mmu/tdp_mmu.c:tdp_mmu_zap_leafs (5.15 to 7.1) takes out all leaves of a range in their order: of one that is left
  /// between two that went, a record may be missing.
  private mutating func noteZap(_ event: Event, kvm: UInt64, space: UInt8) {
    defer { holders.zaps[event.pid] = event }
    let step: UInt64 = 1 << (UInt64(event.order &- 1) * 9)
    guard let last = holders.zaps[event.pid], last.order == event.order,
      event.time &- last.time < 1_000_000, event.pointer &- last.pointer == 2 * step
    else { return }
    holders.stageTwo.contradict(
      gfn: event.pointer &- step, space: space, level: event.order, pfn: nil, kvm: kvm)
  }

  /// What a record contradicts in the ledger proves nothing any more: leaves of pages that it calls tables, those where it says that
  /// nothing was, and any that one which no kernel writes may be about.
  private mutating func contradictLeaves(
    by event: Event, isSound: Bool, kvm: UInt64, space: UInt8
  ) {
    let level = event.order
    for entry in [event.extra, event.word] where !isSound || StageTwo.isTable(entry, level: level) {
      holders.stageTwo.contradict(byTable: entry)
    }
    if isSound, event.extra & StageTwo.present == 0 {
      holders.stageTwo.contradict(
        gfn: event.pointer, space: space, level: level, pfn: nil, kvm: kvm)
    }
  }

  private mutating func addLeaf(_ event: Event, kvm: UInt64, space: UInt8) {
    var leaf = GuestMapping(
      kvm: kvm, gfn: event.pointer, pfn: StageTwo.frame(of: event.word, level: event.order),
      space: space, level: event.order, event: event)
    // It says that nothing was there.
    if holders.stageTwo.hasLeaf(where: leaf) {
      leaf.isContradicted = true
      holders.stageTwo.contradict(
        gfn: leaf.gfn, space: space, level: leaf.level, pfn: nil, kvm: kvm)
    }
    if let number = holders.stageTwo.add(leaf) { pair(number, leaf) }
  }

  /// arch/x86/kvm/mmu/tdp_mmu.c:tdp_mmu_split_huge_page (5.18 on): the small leaves are filled in before their table is
  /// linked, so that they come without events of their own.
  private mutating func split(_ leaf: GuestMapping, by event: Event) {
    var child = leaf
    child.level = leaf.level - 1
    child.event = event
    child.isInferred = true
    for index in 0..<UInt64(512) {
      child.gfn = leaf.gfn &+ index &* child.pages
      child.pfn = leaf.pfn &+ index &* child.pages
      _ = holders.stageTwo.add(child)
    }
  }

  /// The VM of a change: named by the probe right before it, or the only one there is.
  private mutating func machine(changing event: Event) -> UInt64 {
    let isInstall =
      StageTwo.isLeaf(event.word, level: event.order)
      && !StageTwo.isLeaf(event.extra, level: event.order)
    if let named = holders.changing.take(event.pid), named.pointer == event.pointer,
      named.word == event.word
    {
      if isInstall { holders.machines.noteInstall(named.span, by: event.pid) }
      return named.span
    }
    guard isInstall, holders.machines.onlyVM == 0 else { return holders.machines.onlyVM }
    return holders.machines.machine(
      ofTask: event.pid, spaces: holders.host.spaces(of: event.pid))
  }

  /// `kvm_mmu_set_spte`: beside a change of the TDP MMU, or alone for the shadow MMU.
  mutating func entrySet(_ event: Event) {
    guard (1...3).contains(event.order), StageTwo.isLeaf(event.word, level: event.order) else {
      return
    }
    let pfn = StageTwo.frame(of: event.word, level: event.order)
    let gfn = event.pointer & ~(GuestMapping.pages(atLevel: event.order) &- 1)
    for space in UInt8(0)...1 {
      let known = holders.stageTwo.number(
        gfn: gfn, space: space, level: event.order, pfn: pfn, kvm: 0)
      if known != nil { return }
    }
    observations.shadowEntries &+= 1
    guard event.order == 1, holders.shadowLeaves.count < 1 << 20 else { return }
    holders.shadowLeaves[pfn, default: 0] += 1
  }

  /// arch/x86/kvm/mmu/mmu.c:drop_spte: one way in which the shadow MMU removes an entry; there are others without a probe.
  mutating func entryDropped(_ event: Event) {
    guard StageTwo.isLeaf(event.word, level: 1) else { return }
    let pfn = StageTwo.frame(of: event.word, level: 1)
    guard let count = holders.shadowLeaves[pfn] else { return }
    holders.shadowLeaves[pfn] = count > 1 ? count - 1 : nil
    if observations.shadowEntries > 0 { observations.shadowEntries -= 1 }
  }

  /// A window ends: no leaf over its addresses may be left, or the notifier missed it.
  mutating func windowEnds(_ event: Event) {
    guard let window = holders.machines.close(event), !gaps.isDark else { return }
    // include/linux/mmu_notifier.h: UNMAP, CLEAR, RELEASE, MIGRATE; protection changes may keep the page.
    guard [0, 1, 5, 6].contains(window.start.order), window.start.extra > window.start.word else {
      return
    }
    let addresses = window.start.word..<window.start.extra
    for gfns in holders.machines.guestFrames(of: window.kvm, at: addresses) {
      for number in holders.stageTwo.numbers(gfns: gfns, kvm: window.kvm) {
        noteStale(number, window, event)
      }
    }
  }

  private mutating func noteStale(
    _ number: UInt32, _ window: VirtualMachines.Window, _ event: Event
  ) {
    let leaf = holders.stageTwo[number]
    // At the same time on another CPU: which came first is not known.
    if leaf.event.time == event.time, leaf.event.cpu != event.cpu { return }
    guard !leaf.isDisputed, !leaf.isStaleReported else { return }
    // Up to 6.6 the invalidating task itself writes the new page in: kvm_mmu_notifier_change_pte, a read-only entry.
    if leaf.event.pid == window.start.pid, leaf.event.time > window.start.time,
      !StageTwo.isWritable(leaf.event.word)
    {
      return explanations.add(.changedInWindow, leaf.event)
    }
    holders.suspicions.append(
      Suspicion(
        holder: .guest(number), free: event, pfn: leaf.pfn, claim: .staleInWindow,
        related: [leaf.event, window.start] + (window.opened.map { [$0] } ?? []),
        made: leaf.event))
  }

  /// An invalidation begins: what kvm_vcpu_map handed out below it is not revoked.
  mutating func windowBegins(_ event: Event) {
    holders.machines.open(event)
    guard !holders.vcpuMaps.isEmpty, event.extra > event.word else { return }
    judgeVcpuMaps(
      event.word..<event.extra, of: holders.machines.machine(ofNotifier: event.span),
      in: event.pointer, event)
  }

  /// `kvm_unmap_hva_range`, at the entry of the same notifier: enough to tell where there is but one VM.
  mutating func addressesUnmapped(_ event: Event) {
    let kvm = holders.machines.onlyVM
    guard !holders.vcpuMaps.isEmpty, event.extra > event.word, kvm != 0 else { return }
    judgeVcpuMaps(event.word..<event.extra, of: kvm, in: holders.machines.space(of: kvm), event)
  }

  private mutating func judgeVcpuMaps(
    _ addresses: Range<UInt64>, of kvm: UInt64, in space: UInt64, _ event: Event
  ) {
    for (vcpu, map) in holders.vcpuMaps.sorted(by: { $0.key < $1.key }) {
      guard kvm != 0, machine(of: map) == kvm,
        let address = holders.machines.address(of: map.word, kvm: kvm),
        addresses.contains(address),
        let entry = holders.host.number(at: address, space: space),
        holders.host[entry].kind == .special,
        !holders.suspicions.contains(where: { $0.made == map })
      else { continue }
      let mapping = holders.host[entry]
      let pfn = mapping.pfn &+ (address &- mapping.address) >> 12
      holders.suspicions.append(
        Suspicion(
          holder: .vcpu(vcpu), free: event, pfn: pfn, claim: .mappedOutside,
          related: [mapping.insertion, map], made: map))
    }
  }

  mutating func vcpuMapped(_ event: Event) {
    if machine(of: event) == 0 { observations.unplacedMaps &+= 1 }
    // At the same time on another CPU: it came behind.
    let isGone = holders.letGo.contains(besides: event) {
      $0.kind == .vcpuUnmap && $0.pointer == event.pointer
    }
    if !isGone, holders.vcpuMaps.count < 1 << 16 { holders.vcpuMaps[event.pointer] = event }
  }

  /// The VM of a `kvm_vcpu_map`: named by the probe (`kvm=+0($arg1)`), or that of the task.
  private mutating func machine(of map: Event) -> UInt64 {
    if map.extra != 0 { return map.extra }
    return holders.machines.machine(ofTask: map.pid, spaces: holders.host.spaces(of: map.pid))
  }

  mutating func vcpuMapReturned(_ event: Event) {
    guard event.word != 0 else { return }
    holders.vcpuMaps = holders.vcpuMaps.filter { $0.value.pid != event.pid }
  }

  /// A slot that is deleted takes its leaves along, without an event for each: arch/x86/kvm/mmu/mmu.c:kvm_mmu_zap_all_fast.
  mutating func slotChanged(_ event: Event) {
    if event.result == 0 { holders.stageTwo.disputeAll() }
    holders.machines.setSlot(event)
  }

  mutating func machineDestroyed(_ event: Event) {
    holders.stageTwo.removeAll(of: event.pointer)
    if holders.machines.onlyVM == event.pointer { holders.stageTwo.removeAll(of: 0) }
    holders.machines.destroy(event.pointer)
  }
}
