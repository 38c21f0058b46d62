import Testing

@testable import LedgerReplay

@Suite struct PageTableTests {
  @Test func findsAgainWhatItGaveOut() {
    var table = PageTable(limitBytes: 64 << 20)
    let frames: [UInt64] = [0, 1, 2047, 2048, 0x1400, 1 << 20, (1 << 40) - 1]
    for (count, pfn) in frames.enumerated() {
      #expect(table.existingSlot(of: pfn) == nil || pfn <= 2047)
      guard let slot = table.slot(of: pfn) else {
        Issue.record("no slot for \(pfn)")
        continue
      }
      table[slot].count = Int32(count)
    }
    for (count, pfn) in frames.enumerated() {
      let count32 = table.existingSlot(of: pfn).map { table[$0].count }
      #expect(count32 == Int32(count))
    }
  }

  @Test func refusesWhatNoMachineHas() {
    var table = PageTable(limitBytes: 1 << 20)
    #expect(table.slot(of: 1 << 40) == nil)
    #expect(table.slot(of: .max) == nil)
  }

  @Test func keepsToItsLimit() {
    var table = PageTable(limitBytes: 96 << 10)
    #expect(table.slot(of: 0) != nil)
    #expect(table.slot(of: 2048) != nil)
    #expect(table.slot(of: 4096) == nil)
    #expect(table.slot(of: 2047) != nil)
    #expect(table.bytesInUse == 96 << 10)
  }

  @Test func stateIsSmall() { #expect(MemoryLayout<PageState>.stride == 24) }
}
