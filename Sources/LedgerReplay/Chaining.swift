internal import LedgerCore

// How sampled counts and the ledger keep each other honest.
extension Replay {
  /// The count after an event that added `value`: by arithmetic when the ledger knows the count, else as sampled.
  ///
  /// The sample is read after the atomic operation, so another CPU may have come in between: then the next event of the
  /// page fits the arithmetic again. Only a difference that stays is a discontinuity.
  mutating func chain(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) -> Int32 {
    guard state.bits.contains(.counted) else { return event.count }
    let expected = state.count &+ event.value
    guard expected != event.count else {
      state.bits.remove(.drifting)
      state.drift = 0
      return expected
    }
    let drift = event.count &- expected
    guard state.bits.contains(.drifting) || abs(Int64(drift)) > 64 else {
      state.bits.insert(.drifting)
      state.drift = Int8(truncatingIfNeeded: drift)
      return expected
    }
    marks.formUnion(drifted(&state, by: drift))
    return event.count
  }

  /// Notes that a count jumped; once a page.
  mutating func drifted(_ state: inout PageState, by drift: Int32) -> Transition.Marks {
    state.bits.insert(.drifting)
    state.drift = Int8(clamping: drift)
    guard drift != 0, !state.bits.contains(.reported) else { return [] }
    state.bits.insert(.reported)
    return .discontinuity
  }
}
