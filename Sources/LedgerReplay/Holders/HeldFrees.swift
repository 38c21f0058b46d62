internal import LedgerCore

// Frees of pages that somebody still holds without a reference.
extension Replay {
  /// Looks for holders of pages that `mm_page_free` gives back.
  mutating func judgeHolders(_ event: Event, _ head: PageState, _ block: Block?, _ step: UInt32) {
    let frames = event.pfn..<event.pfn &+ (1 << UInt64(event.order))
    var hosts: [UInt32] = []
    var guests: [UInt32] = []
    var devices: [UInt32] = []
    holders.host.frames.forEach(in: frames) { hosts.append($0) }
    holders.stageTwo.frames.forEach(in: frames) { guests.append($0) }
    holders.devices.frames.forEach(in: frames) { devices.append($0) }
    for number in hosts {
      let mapping = holders.host[number]
      guard mapping.kind.isUncounted else {
        // A page that is freed has no ordinary entry any more; whose it was, no event would say.
        if mapping.space == HostTables.unnamed { holders.host.forget(number) }
        continue
      }
      guard !mapping.isReported, !mapping.isDisputed else { continue }
      let pages = (mapping.pfn..<mapping.pfn &+ mapping.pages).clamped(to: frames)
      suspect(.host(number), pages, mapping.insertion, event, head, block, step)
    }
    for number in guests {
      let leaf = holders.stageTwo[number]
      guard !leaf.isReported, !leaf.isDisputed else { continue }
      let pages = (leaf.pfn..<leaf.pfn &+ leaf.pages).clamped(to: frames)
      suspect(.guest(number), pages, leaf.event, event, head, block, step)
    }
    guard !holders.devices.isUnreliable else { return }
    for number in devices {
      let mapping = holders.devices[number]
      guard !mapping.isReported, !mapping.isDisputed else { continue }
      let pages = (mapping.event.pfn..<mapping.event.pfn &+ mapping.pages).clamped(to: frames)
      suspect(.device(number), pages, mapping.event, event, head, block, step)
    }
  }

  private mutating func suspect(
    _ holder: Suspicion.Holder, _ pages: Range<UInt64>, _ made: Event, _ free: Event,
    _ head: PageState, _ block: Block?, _ step: UInt32
  ) {
    // Made at the same time on another CPU: for a later owner of the page, as far as anybody can tell.
    if made.time == free.time, made.cpu != free.cpu { return }
    for pfn in pages {
      let before = table.existingSlot(of: pfn).map { freshState($0) } ?? head
      holders.suspicions.append(
        Suspicion(
          holder: holder, free: free, pfn: pfn, before: before, block: block,
          step: pfn == free.pfn ? step : before.step, made: made))
    }
  }

  /// The clock has moved on: holders that are still there have not let go at the time of the free.
  mutating func settleSuspicions() {
    let suspicions = holders.suspicions
    holders.suspicions.removeAll(keepingCapacity: true)
    for suspicion in suspicions {
      guard let outcome = suspicion.outcome ?? outcome(of: suspicion) else { continue }
      markReported(suspicion)
      noteHeld(suspicion, outcome)
    }
  }

  private mutating func noteHeld(_ suspicion: Suspicion, _ outcome: Suspicion.Outcome) {
    var marks = suspicion.claim.isEmpty ? outcome.marks : suspicion.claim
    if !outcome.isConfirmed { marks.insert(.inferred) }
    guard suspicion.claim.isEmpty else {
      return noteHolder(suspicion.free, pfn: suspicion.pfn, marks, suspicion.related)
    }
    if let block = suspicion.block, block.isWhole, suspicion.pfn != block.head {
      marks.insert(.tail)
    }
    var after = PageState()
    after.life = .free
    after.zero = .free
    note(
      Transition(
        event: suspicion.free, pfn: suspicion.pfn, before: PageView(suspicion.before),
        after: PageView(after), block: suspicion.block.map { BlockView($0) }, marks: marks,
        step: suspicion.step, fault: nil, related: [suspicion.made]))
  }

  mutating func holdInOrder(_ event: Event) {
    holders.suspicions.isEmpty ? hold(event) : holdBeside(event)
  }

  /// Takes an event in at the time of a suspicious free: a holder that lets go behind the free, on its CPU, was still
  /// there; one that lets go on another CPU may have done so before.
  mutating func holdBeside(_ event: Event) {
    var stood: [(index: Int, outcome: Suspicion.Outcome)] = []
    for (index, suspicion) in holders.suspicions.enumerated() where suspicion.outcome == nil {
      guard suspicion.free.cpu == event.cpu, let outcome = outcome(of: suspicion) else { continue }
      stood.append((index, outcome))
    }
    hold(event)
    for (index, outcome) in stood where self.outcome(of: holders.suspicions[index]) == nil {
      holders.suspicions[index].outcome = outcome
    }
  }

  /// What a suspicion comes to if its holder is still there; nil when it is gone.
  private mutating func outcome(of suspicion: Suspicion) -> Suspicion.Outcome? {
    switch suspicion.holder {
    case .host(let number):
      let mapping = holders.host[number]
      guard mapping.isLive, mapping.insertion == suspicion.made, !mapping.isDisputed else {
        return nil
      }
      let mayBePrivate = mapping.flags == 0 || VMFlags.isCow(mapping.flags)
      return Suspicion.Outcome(
        marks: mayBePrivate ? [.freedMapped, .privateEntry] : .freedMapped,
        isConfirmed: mapping.isConfirmed && !holders.host.isContradicted(vma: mapping.vma))
    case .guest(let number):
      let leaf = holders.stageTwo[number]
      guard leaf.isLive, leaf.event == suspicion.made, !leaf.isDisputed else { return nil }
      return Suspicion.Outcome(
        marks: .freedInGuest, isConfirmed: !leaf.isInferred && !leaf.isContradicted)
    case .device(let number):
      let mapping = holders.devices[number]
      guard mapping.isLive, mapping.event == suspicion.made, !mapping.isDisputed else { return nil }
      return Suspicion.Outcome(marks: .freedInDevice, isConfirmed: false)
    case .vcpu(let address):
      guard holders.vcpuMaps[address] == suspicion.made else { return nil }
      return Suspicion.Outcome(marks: suspicion.claim, isConfirmed: true)
    }
  }

  /// One finding a holder, however often its page is freed from now on.
  private mutating func markReported(_ suspicion: Suspicion) {
    switch suspicion.holder {
    case .host(let number) where suspicion.claim == .movedMapped:
      holders.host[number].isMoveReported = true
    case .guest(let number) where suspicion.claim.contains(.staleInWindow):
      holders.stageTwo[number].isStaleReported = true
    case .vcpu(let address): holders.vcpuMaps[address] = nil
    case _ where !suspicion.claim.isEmpty: break
    case .host(let number): holders.host[number].isReported = true
    case .guest(let number): holders.stageTwo[number].isReported = true
    case .device(let number): holders.devices[number].isReported = true
    }
  }
}
