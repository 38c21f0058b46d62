import LedgerCore
import Testing

@testable import LedgerReplay

@Suite struct JournalTests {
  private func event(_ kind: EventKind, _ pfn: UInt64, order: UInt8 = 0) -> Event {
    var event = Event()
    event.kind = kind
    event.pfn = pfn
    event.order = order
    return event
  }

  @Test func chainsThePagesApart() {
    var journal = Journal()
    let a = journal.record(event(.pageRefSet, 1), previous: 0, after: PageState())
    _ = journal.record(event(.pageRefSet, 2), previous: 0, after: PageState())
    let b = journal.record(event(.pageRefMod, 1), previous: a, after: PageState())
    #expect(
      journal.chain(of: 1, endingAt: b, limit: 9).map(\.event.kind) == [.pageRefSet, .pageRefMod])
    #expect(journal.chain(of: 1, endingAt: b, limit: 1).map(\.event.kind) == [.pageRefMod])
  }

  @Test func endsAtTheBlocksAllocation() {
    var journal = Journal()
    let head = journal.record(event(.pageRefSet, 8), previous: 0, after: PageState())
    let birth = journal.record(event(.pageAlloc, 8, order: 2), previous: head, after: PageState())
    let tail = journal.record(event(.pageRefMod, 9), previous: birth, after: PageState())
    #expect(journal.chain(of: 9, endingAt: tail, limit: 9).map(\.event.pfn) == [8, 9])
    #expect(
      journal.chain(of: 8, endingAt: birth, limit: 9).map(\.event.kind) == [
        .pageRefSet, .pageAlloc,
      ])
  }

  @Test func forgetsTheOldest() {
    var journal = Journal()
    let old = journal.record(event(.pageRefSet, 1), previous: 0, after: PageState())
    for _ in 0..<Journal.capacity {
      _ = journal.record(event(.pageRefSet, 2), previous: 0, after: PageState())
    }
    let new = journal.record(event(.pageRefMod, 1), previous: old, after: PageState())
    #expect(journal.chain(of: 1, endingAt: new, limit: 9).map(\.event.kind) == [.pageRefMod])
  }
}
