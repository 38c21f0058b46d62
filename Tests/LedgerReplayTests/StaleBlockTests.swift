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

  /// A page dies by the atomic operation's word while a late put of another CPU is owed: the debt keeps its age over the free, so that
  /// the next birth half a millisecond later does not take it for one that lasts.
  @Test func aDebtKeepsItsAgeOverTheFree() {
    var replay = Replay(limitBytes: 1 << 20)
    let start: UInt64 = 690_324_709_071
    var first = event(.pageRefMod, 9, start)
    (first.count, first.value) = (3, 1)
    var last = event(.pageRefModAndTest, 9, start + 1000)
    (last.count, last.value, last.result) = (0, -1, 1)
    let events = [first, last, event(.pageFree, 9, start + 2000)]
    replay.apply(events.span)
    guard let slot = replay.slot(of: 9) else { return #expect(Bool(false), "no state of page 9") }
    #expect(replay.table[slot].bits.contains(.drifting))
    #expect(replay.table[slot].driftStart == UInt8(truncatingIfNeeded: start >> 26))
    var birth = event(.pageRefSet, 9, start + 500_000)
    (birth.count, birth.value) = (1, 1)
    replay.apply([birth].span)
    #expect(!replay.table[slot].bits.contains(.reported))
  }
}
