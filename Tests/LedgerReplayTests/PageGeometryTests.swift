import Testing

@testable import LedgerReplay

@Suite struct PageGeometryTests {
  private let base: UInt64 = 0xffff_ea00_0000_0000

  @Test func twoPagesTellTheArray() {
    var geometry = PageGeometry()
    geometry.learn(address: base + 64 * 5, pfn: 5)
    #expect(geometry.frame(of: base) == nil)
    geometry.learn(address: base + 64 * 900, pfn: 900)
    geometry.learn(address: base + 64 * 70_000, pfn: 70_000)
    #expect(geometry.frame(of: base + 64 * 33) == 33)
  }

  /// SPARSEMEM without SPARSEMEM_VMEMMAP: each 128 MiB have an array, and a hole in memory has none.
  @Test func anArrayForEachSectionIsNotTakenForOne() {
    var geometry = PageGeometry()
    geometry.learn(address: base + 64 * 5, pfn: 5)
    geometry.learn(address: base + 64 * 900, pfn: 900)
    #expect(geometry.frame(of: base + 64 * 33) == 33)
    geometry.learn(address: base + 64 * 40_000, pfn: 1 << 20)
    #expect(geometry.frame(of: base + 64 * 33) == nil)
    geometry.learn(address: base + 64 * 901, pfn: 901)
    #expect(geometry.frame(of: base + 64 * 33) == nil)
  }
}
