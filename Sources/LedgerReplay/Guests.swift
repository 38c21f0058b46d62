internal import LedgerCore

// KVM's events: the page faults of guests.
extension Replay {
  mutating func guest(_ event: Event) {
    switch event.kind {
    case .kvmPageFault:
      if let unfinished = vcpus.begin(event) { noteRefusal(unfinished) }
    case .hvaToPfn: vcpus.lookup(event)
    case .hvaToPfnReturn: vcpus.lookupReturned(event)
    case .kvmSpteRequested: vcpus.resolved(event)
    case .kvmUserspaceExit:
      if let refused = vcpus.exited(event) { noteRefusal(refused) }
    default: break
    }
    if watch != nil { watchGuest(event) }
  }

  /// Reports a refused fault with the state of its page at the end of the fault.
  mutating func noteRefusal(_ fault: KvmFault) {
    let pfn = fault.refusal.pfn
    guard let slot = table.existingSlot(of: pfn) else { return }
    let state = freshState(slot)
    table[slot] = state
    let block = state.block == 0 ? nil : blocks[state.block]
    var marks: Transition.Marks = .kvmRefused
    if let block, block.isWhole, pfn != block.head, !state.bits.contains(.ownUnit) {
      marks.insert(.tail)
    }
    note(
      Transition(
        event: fault.refusal, pfn: pfn, before: PageView(state), after: PageView(state),
        block: block.map { BlockView($0) }, marks: marks, step: state.step, fault: fault))
  }
}
