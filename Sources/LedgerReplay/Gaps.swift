internal import LedgerCore

/// What is known of the gaps in the capture.
///
/// While any CPU is dark, facts are noted but nothing may be concluded from what was not seen. When the gap closes,
/// all older facts are stale: the lost events may have concerned any page.
struct Gaps {
  /// Number of gaps closed, from 1; facts of an older epoch are stale.
  private(set) var epoch: UInt32 = 1
  private var darkCPUs: Set<UInt16> = []

  var isDark: Bool { !darkCPUs.isEmpty }

  mutating func open(cpu: UInt16) { darkCPUs.insert(cpu) }

  mutating func close(cpu: UInt16) {
    darkCPUs.remove(cpu)
    // At the end of the numbers (four thousand million gaps) everything stays stale.
    if epoch < .max { epoch += 1 }
  }
}

extension Replay {
  mutating func takeGap(_ event: Event) {
    if waiting.isWaiting { flushWaiting() }
    vcpus.forget(cpu: event.cpu)
    holders.suspicions.removeAll()
    holders.users.forget(cpu: event.cpu)
    guard event.kind == .gapOpens else {
      forgetHolders()
      return gaps.close(cpu: event.cpu)
    }
    gaps.open(cpu: event.cpu)
    note(
      Transition(
        event: event, pfn: Event.noFrame, before: .unknown, after: .unknown, block: nil,
        marks: .darkSince, step: 0, fault: nil))
  }
}
