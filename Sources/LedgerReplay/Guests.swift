internal import LedgerCore

// KVM's events: the page faults of guests.
extension Replay {
  mutating func guest(_ event: Event) {
    switch event.kind {
    case .kvmPageFault:
      if let unfinished = vcpus.begin(event) { noteRefusal(unfinished) }
    case .hvaToPfn:
      if let unfinished = vcpus.lookup(event) { noteRefusal(unfinished) }
    case .hvaToPfnReturn: vcpus.lookupReturned(event)
    case .kvmSpteRequested: vcpus.resolved(event)
    case .kvmUserspaceExit:
      if let refused = vcpus.exited(event) { noteRefusal(refused) }
    default: break
    }
    if watch != nil { watchGuest(event) }
  }

  /// A refused reference: remembered with the state of its page if a guest's fault asked for it.
  mutating func guestRefusal(_ event: Event) {
    guard vcpus.isInFault(event), let slot = slot(of: event.pfn) else { return }
    let state = freshState(slot)
    guard state.block != 0 else {
      return vcpus.refuse(event, page: state, block: nil, isTail: false)
    }
    let isTail =
      blocks[state.block].isWhole && event.pfn != blocks[state.block].head
      && !state.bits.contains(.ownUnit)
    vcpus.refuse(event, page: state, block: BlockView(blocks[state.block]), isTail: isTail)
  }

  /// Reports a fault that ended after a refusal.
  mutating func noteRefusal(_ fault: KvmFault) {
    let view = PageView(fault.page)
    note(
      Transition(
        event: fault.refusal, pfn: fault.refusal.pfn, before: view, after: view,
        block: fault.block, marks: fault.isTail ? [.kvmRefused, .tail] : .kvmRefused,
        step: fault.page.step, fault: fault))
  }
}
