internal import LedgerCore

// How sampled counts and the ledger keep each other honest.
extension Replay {
  /// A drift that is older than this many units of 2^26 ns (one second) is no race: a vCPU that is preempted between the
  /// atomic operation and its event comes back sooner.
  private static var driftAge: UInt8 { 16 }

  /// The count after an event that added `value`: by arithmetic when the ledger knows the count, else as sampled.
  ///
  /// The sample is read after the atomic operation, so another CPU may have come in between, and healthy kernels show
  /// references that come and go without an event (6.12, once in some hundred thousand events). The arithmetic stays
  /// right in both cases; only a difference that lasts is a discontinuity.
  mutating func chain(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) -> Int32 {
    guard state.bits.contains(.counted) else { return event.count }
    let expected = state.count &+ event.value
    guard expected != event.count else {
      if state.bits.contains(.drifting) { explanations.add(.countRace, event) }
      state.forgetDrift()
      return expected
    }
    let drift = Int8(clamping: event.count &- expected)
    guard state.bits.contains(.drifting), state.drift == drift else {
      state.drift(by: drift, at: event.time)
      return expected
    }
    guard isLasting(state, at: event.time) else { return expected }
    state.forgetDrift()
    noteDiscontinuity(&state, &marks)
    return event.count
  }

  /// A count is certain that the ledger did not expect: what is missing may still come, late, from another CPU.
  func owe(_ delta: Int32, _ event: Event, _ state: inout PageState) {
    guard delta != 0 else { return state.forgetDrift() }
    state.drift(by: Int8(clamping: delta), at: event.time)
  }

  /// True for the late event that a page's death did without: it was traced after the other CPU's last put.
  func isOwed(_ event: Event, _ state: PageState) -> Bool {
    guard state.bits.contains(.drifting), state.life == .dying || state.life == .free else {
      return false
    }
    return event.value == Int32(state.drift)
  }

  /// At a birth: what was owed has not come.
  func settleDebt(_ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks) {
    guard state.bits.contains(.drifting) else { return }
    let isDead = state.life == .dying || state.life == .free
    if isDead, isLasting(state, at: event.time) { noteDiscontinuity(&state, &marks) }
    state.forgetDrift()
  }

  private func isLasting(_ state: PageState, at time: UInt64) -> Bool {
    UInt8(truncatingIfNeeded: time >> 26) &- state.driftStart >= Self.driftAge
  }

  private func noteDiscontinuity(_ state: inout PageState, _ marks: inout Transition.Marks) {
    guard !state.bits.contains(.reported) else { return }
    state.bits.insert(.reported)
    marks.insert(.discontinuity)
  }
}

extension PageState {
  mutating func forgetDrift() {
    bits.remove(.drifting)
    drift = 0
  }

  fileprivate mutating func drift(by delta: Int8, at time: UInt64) {
    bits.insert(.drifting)
    drift = delta
    driftStart = UInt8(truncatingIfNeeded: time >> 26)
  }
}
