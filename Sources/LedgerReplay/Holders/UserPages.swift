internal import LedgerCore

/// Calls of get_user_pages in progress, by task, and what they took.
struct UserPages {
  private static let limit = 1 << 16
  /// References remembered of one call; the kernel itself works in batches of 512.
  private static let grabLimit = 4096
  /// mm/gup.c:internal_get_user_pages_fast calls __get_user_pages for what it could not take; deeper calls come from missing
  /// returns.
  private static let depth = 2

  struct Call {
    var event: Event
    /// References taken and not given back within the call.
    var grabs: [Event] = []

    /// The user addresses it asks for.
    var addresses: Range<UInt64> {
      let pages = min(event.extra, 1 << 32)
      let (end, overflow) = event.word.addingReportingOverflow(pages &* 4096)
      return event.word..<(overflow ? .max : end)
    }
  }

  /// The outermost call first.
  private var calls: [Int32: [Call]] = [:]

  var isEmpty: Bool { calls.isEmpty }

  mutating func begin(_ event: Event) {
    if calls.count >= Self.limit { calls.removeAll() }
    let isInner = event.kind == .gupSlow && calls[event.pid]?.last?.event.kind == .gupFast
    if isInner, calls[event.pid]?.count ?? 0 < Self.depth {
      calls[event.pid]?.append(Call(event: event))
    } else {
      calls[event.pid] = [Call(event: event)]
    }
  }

  /// The call that returns now, if it took any page.
  mutating func end(_ event: Event, of kind: EventKind) -> Call? {
    guard let list = calls[event.pid], let place = list.lastIndex(where: { $0.event.kind == kind })
    else { return nil }
    calls[event.pid] = place == 0 ? nil : Array(list[..<place])
    guard Int64(bitPattern: event.word) > 0 else { return nil }
    var call = list[place]
    // mm/gup.c:gup_pte_range drops what it took when the entry has changed; only page_ref shows that.
    if call.grabs.contains(where: { $0.kind == .grab }), UInt64(call.grabs.count) > event.word {
      call.grabs.removeAll { $0.kind == .grab }
    }
    return call
  }

  /// A reference event of a task inside a call.
  mutating func sawReference(_ event: Event) {
    guard !event.isInInterrupt, let depth = calls[event.pid]?.count else { return }
    switch event.kind {
    case .pageRefModUnless where event.result != 0, .pageRefMod where event.value > 0:
      guard let count = calls[event.pid]?[depth - 1].grabs.count, count < Self.grabLimit else {
        return
      }
      calls[event.pid]?[depth - 1].grabs.append(event)
    case .pageRefModAndTest, .pageRefMod:
      for index in 0..<depth {
        calls[event.pid]?[index].grabs.removeAll { $0.pfn == event.pfn }
      }
    default: break
    }
  }

  /// try_grab_folio returned a folio to a task inside a call: what page_ref shows too, where that is recorded.
  mutating func sawGrab(_ grab: Event) {
    guard let depth = calls[grab.pid]?.count, let grabs = calls[grab.pid]?[depth - 1].grabs,
      grabs.count < Self.grabLimit, !grabs.contains(where: { $0.pfn == grab.pfn })
    else { return }
    calls[grab.pid]?[depth - 1].grabs.append(grab)
  }

  mutating func forget(cpu: UInt16) {
    calls = calls.filter { _, list in !list.contains { $0.event.cpu == cpu } }
  }
}
