internal import LedgerCore

/// Calls of get_user_pages in progress, one a task, and what they took.
struct UserPages {
  private static let limit = 1 << 16
  /// References remembered of one call; the kernel itself works in batches of 512.
  private static let grabLimit = 4096

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

  private var calls: [Int32: Call] = [:]

  var isEmpty: Bool { calls.isEmpty }

  mutating func begin(_ event: Event) {
    if calls.count >= Self.limit { calls.removeAll() }
    calls[event.pid] = Call(event: event)
  }

  /// The call that returns now, if it took any page.
  mutating func end(_ event: Event, of kind: EventKind) -> Call? {
    guard let call = calls[event.pid], call.event.kind == kind else { return nil }
    calls[event.pid] = nil
    return Int64(bitPattern: event.word) > 0 ? call : nil
  }

  /// A reference event of a task inside a call.
  mutating func sawReference(_ event: Event) {
    guard !event.isInInterrupt, calls[event.pid] != nil else { return }
    switch event.kind {
    case .pageRefModUnless where event.result != 0, .pageRefMod where event.value > 0:
      guard let count = calls[event.pid]?.grabs.count, count < Self.grabLimit else { return }
      calls[event.pid]?.grabs.append(event)
    case .pageRefModAndTest, .pageRefMod:
      calls[event.pid]?.grabs.removeAll { $0.pfn == event.pfn }
    default: break
    }
  }

  mutating func forget(cpu: UInt16) { calls = calls.filter { $0.value.event.cpu != cpu } }
}
