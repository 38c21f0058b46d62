import Testing

@testable import LedgerSymbols

@Suite struct KernelSymbolsTests {
  static let text = Array(
    """
    ffffffff81002000 T later
    ffffffff81001000 T split_page
    ffffffff81001080 t helper
    ffffffffc0001000 t hva_to_pfn.isra.0\t[kvm]
    ffffffffc0001200 t hva_to_pfn.cold\t[kvm]
    0000000000000000 A split_page
    not a symbol
    ffffffff81003000 T split_page_owner

    """.utf8)

  @Test func findsFunctionsAndTheirEnds() {
    let found = KernelSymbols(kallsyms: Self.text).extents(of: ["split_page", "hva_to_pfn", "none"])
    #expect(found.map(\.name) == ["split_page", "hva_to_pfn"])
    #expect(found[0].addresses == 0xffff_ffff_8100_1000..<0xffff_ffff_8100_1080)
    #expect(found[1].addresses == 0xffff_ffff_c000_1000..<0xffff_ffff_c000_1200)
  }

  @Test(arguments: [
    (0xffff_ffff_8100_1000 as UInt64, "split_page"), (0xffff_ffff_8100_1fff, "helper"),
    (0xffff_ffff_c000_1001, "hva_to_pfn.isra.0"), (0xffff_ffff_8100_0fff, nil),
  ])
  func namesAddresses(address: UInt64, name: String?) {
    #expect(KernelSymbols(kallsyms: Self.text).name(at: address) == name)
  }

  @Test(arguments: [
    "", "\n", "ffff", "ffffffff81001000", "ffffffff81001000 T", "c0101000 t split_page\n",
  ])
  func neverTrapsOnFragments(text: String) {
    let symbols = KernelSymbols(kallsyms: Array(text.utf8))
    let found = symbols.extents(of: ["split_page"])
    #expect(found.isEmpty || found[0].addresses.lowerBound == 0xc010_1000)
    _ = symbols.name(at: .max)
  }

  @Test func ordersEvents() {
    let text = """
      ffffffff81000000 t __event_disable
      ffffffff81000010 d __event_c
      ffffffff81000008 d __event_b
      ffffffff81000000 D __start_ftrace_events
      ffffffff81000000 d __event_a
      ffffffff81000018 d __event_enter__open
      ffffffff81000020 d __event_exit__open
      ffffffff81000028 d __event_d
      ffffffff81000038 d __event_e
      ffffffffc0000000 d __event_kvm_exit\t[kvm]
      0000000000000000 d __event_hidden

      """
    let runs = KernelSymbols(kallsyms: Array(text.utf8)).eventRuns()
    #expect(runs.map(\.names) == [["a", "b", "c"], ["d"], ["e"], ["kvm_exit"]])
    #expect(runs.map(\.place) == [0, 5, 6, 0])
    #expect(runs.map(\.systemCalls) == [0, 2, 2, 0])
    #expect(runs.map(\.isModule) == [false, false, false, true])
  }
}
