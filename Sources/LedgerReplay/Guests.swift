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
    let block = state.block == 0 ? nil : blocks[state.block]
    vcpus.refuse(VirtualCPUs.Refusal(event: event, page: state, block: block))
  }

  /// Reports a fault that ended after a refusal.
  mutating func noteRefusal(_ fault: KvmFault) {
    let pfn = fault.refusal.pfn
    let view = PageView(fault.page)
    var marks: Transition.Marks = .kvmRefused
    if let block = fault.block, block.isWhole, pfn != block.head,
      !fault.page.bits.contains(.ownUnit)
    {
      marks.insert(.tail)
    }
    note(
      Transition(
        event: fault.refusal, pfn: pfn, before: view, after: view,
        block: fault.block.map { BlockView($0) }, marks: marks, step: fault.page.step, fault: fault)
    )
  }
}
