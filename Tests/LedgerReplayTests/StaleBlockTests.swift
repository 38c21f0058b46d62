import LedgerCore
import Testing

@testable import LedgerReplay

@Suite struct StaleBlockTests {
  private func event(_ kind: EventKind, _ pfn: UInt64, _ time: UInt64, order: UInt8 = 0) -> Event {
    var event = Event()
    event.kind = kind
    event.pfn = pfn
    event.time = time
    event.order = order
    return event
  }

  /// A page leaves a block that a gap made stale once, however often it is looked at.
  @Test func pagesLeaveOnce() {
    var replay = Replay(limitBytes: 1 << 20)
    let events = [
      event(.pageAlloc, 8, 1, order: 2), event(.gapOpens, Event.noFrame, 2),
      event(.gapCloses, Event.noFrame, 3), event(.splitPage, 8, 4), event(.splitPage, 8, 5),
      event(.prepCompoundPage, 8, 6),
    ]
    replay.apply(events.span)
    #expect(replay.blocks[1].members == 3)
  }
}
