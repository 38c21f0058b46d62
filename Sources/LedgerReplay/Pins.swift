internal import LedgerCore

// Pins, and what the sampled mapcount says. mm/gup.c:try_grab_page, try_grab_folio, gup_put_folio (5.6 to 7.1)
extension Replay {
  /// include/linux/mm.h:GUP_PIN_COUNTING_BIAS
  private static var bias: Int32 { 1024 }

  /// Counts the pins of pages that are not compound; those of compound pages are in a count that is not traced.
  @inline(__always)
  mutating func notePins(
    _ event: Event, _ before: PageState, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    let value = event.value
    if state.pins == 0, value < 2, value > -Self.bias { return }
    followPins(event, before, &state, &marks)
  }

  @inline(never)
  private mutating func followPins(
    _ event: Event, _ before: PageState, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    switch event.kind {
    case .pageRefSet, .pageRefUnfreeze, .pageRefFreeze:
      if event.kind == .pageRefSet { state.pins = event.value == 1 ? 0 : PageState.pinsUnknown }
    case .pageRefMod where event.value == Self.bias || event.value == Self.bias - 1:
      if isCompound(state) { return state.pins = PageState.pinsUnknown }
      if state.pins < PageState.pinsUnknown { state.pins += 1 }
    case .pageRefModAndTest where event.value <= -Self.bias && event.value % Self.bias == 0:
      unpin(event, before, &state, &marks)
    case .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless:
      if event.value > 1, event.result != 0 || event.kind != .pageRefModUnless {
        // A bias of page_frag or of a driver, or a huge page that becomes small ones.
        state.pins = PageState.pinsUnknown
      } else if event.value < 0 {
        noteEatenPin(event, &state, &marks)
      }
    default: break
    }
  }

  private mutating func unpin(
    _ event: Event, _ before: PageState, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    let released = event.value / -Self.bias
    guard state.pins != PageState.pinsUnknown, isBornHere(before), !isCompound(before) else {
      return state.pins = PageState.pinsUnknown
    }
    guard Int32(state.pins) >= released else {
      marks.insert(.unpinWithoutPin)
      return state.pins = PageState.pinsUnknown
    }
    state.pins -= UInt8(released)
  }

  /// A plain put that leaves less than the pins need has given a pin back as if it were a reference.
  private func noteEatenPin(
    _ event: Event, _ state: inout PageState, _ marks: inout Transition.Marks
  ) {
    guard state.pins > 0, state.pins != PageState.pinsUnknown, state.bits.contains(.counted),
      !state.bits.contains(.drifting), state.count >= 0,
      state.count < Int32(state.pins) * Self.bias
    else { return }
    marks.insert(.putOfPin)
    state.pins = PageState.pinsUnknown
  }

  private func isBornHere(_ state: PageState) -> Bool {
    !state.bits.isDisjoint(with: [.allocated, .born])
  }

  private func isCompound(_ state: PageState) -> Bool {
    guard state.block != 0 else { return false }
    let kind = blocks[state.block].kind
    return kind == .compound || kind == .unknown
  }

  /// A normal entry holds a reference, so the last put of a mapped page is one too many.
  @inline(__always)
  mutating func noteMapcount(_ event: Event, _ marks: inout Transition.Marks) {
    // A page that is born is not mapped: what its birth shows is how this kernel counts.
    // Other values are page types, which say nothing.
    if event.kind == .pageRefSet, event.value == 1, event.mapcount == 0 || event.mapcount == -1 {
      observations.mapcountIsRaw = event.mapcount == -1
    }
    guard event.mapcount >= 0, event.result == 1, event.kind == .pageRefModAndTest else { return }
    // Raw since 6.12, -1 for unmapped; before that 0. mm/debug_page_ref.c and include/trace/events/page_ref.h
    if event.mapcount > 0 || observations.mapcountIsRaw { marks.insert(.droppedMapped) }
  }
}
