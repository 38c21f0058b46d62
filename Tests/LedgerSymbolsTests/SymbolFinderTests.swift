import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerSymbols

@Suite struct SymbolFinderTests {
  private func finder(_ vmlinux: URL, _ clues: KernelClues) -> SymbolFinder {
    var files = SymbolFinder.Files()
    files.vmlinux = vmlinux.path
    return SymbolFinder(files, clues: clues)
  }

  @Test func wrongKernelIsRefusedWithBothIds() throws {
    guard let built = ElfFileTests.built else { return }
    var clues = KernelClues()
    clues.buildID = [0xab, 0xcd]
    var finder = finder(built.program, clues)
    let frame = StackFrame(name: "outer", offset: 5)
    let names = finder.names(of: [frame], chains: [])
    #expect(names[frame]?.map(\.words) == ["outer+0x5"])
    let id = try ElfFile(path: built.program.path).buildID
    #expect(finder.complaints.count == 1)
    #expect(finder.complaints[0].contains("abcd"))
    #expect(finder.complaints[0].contains(SymbolFinder.hexDigits(id)))
    #expect(finder.sources[0].detail.hasPrefix("not used"))
  }

  @Test func kernelWhoseFunctionsLieElsewhereIsRefused() throws {
    guard let built = ElfFileTests.built else { return }
    var text = ""
    for (address, name) in ElfFileTests.functions(built.program) {
      text += String(address &* 3, radix: 16).leftPadded + " T \(name)\n"
    }
    let listing = Array(("0000000000400000 T _text\n" + text).utf8)
    var clues = KernelClues()
    clues.kallsyms = { listing }
    var finder = finder(built.program, clues)
    let address = (ElfFileTests.functions(built.program).first?.address ?? 0) &* 3
    let frame = StackFrame(address: address + 1)
    let named = finder.names(of: [frame], chains: [[frame]])
    #expect(named[frame]?.map(\.offset) == [1])
    #expect(finder.sources.first?.named == 1)
    #expect(finder.complaints.count == 1)
  }

  @Test func unreadableFilesCostNamesOnly() {
    var finder = finder(URL(fileURLWithPath: "/nonexistent/vmlinux"), KernelClues())
    let frame = StackFrame(address: 0xffff_ffff_8100_0000)
    #expect(finder.names(of: [frame], chains: [[frame]]).isEmpty)
    #expect(finder.complaints.count == 1)
  }

  @Test func nothingIsLoadedWithoutAnAddress() {
    var clues = KernelClues()
    clues.kallsyms = {
      Issue.record("loaded")
      return []
    }
    var finder = SymbolFinder(SymbolFinder.Files(), clues: clues)
    #expect(finder.names(of: [], chains: []).isEmpty)
    let frame = StackFrame(name: "f")
    #expect(finder.names(of: [frame], chains: [[frame]])[frame]?.count == 1)
  }

  @Test func firstOfSeveralNamesCounts() {
    let text = """
      ffffffff81000000 T _text
      ffffffff81001000 T __x64_sys_ioctl
      ffffffff81001000 T __ia32_sys_ioctl
      ffffffff81000800 d data
      ffffffff81002000 T end
      ffffffffc0001000 t func.isra.0\t[kvm]
      """
    let symbols = KernelSymbols(kallsyms: Array(text.utf8))
    let found = symbols.symbols(
      at: [
        0xffff_ffff_8100_1000, 0xffff_ffff_8100_1010, 0xffff_ffff_8100_2000, 0xffff_ffff_c000_1004,
      ])
    #expect(found.map { $0?.name } == ["__x64_sys_ioctl", "__x64_sys_ioctl", "end", "func.isra.0"])
    #expect(found[3]?.module == "kvm")
    #expect(symbols.textStart == 0xffff_ffff_8100_0000)
    #expect(symbols.moduleStarts == ["kvm": 0xffff_ffff_c000_1000])
  }

  @Test func hostileListsAreHarmless() {
    var state: UInt64 = 7
    for _ in 0..<200 {
      var text: [UInt8] = Array("ffffffff81000000 T _text\nffffffff81001000 t f\t[m]\n".utf8)
      for _ in 0..<20 {
        state = state &* 6_364_136_223_846_793_005 &+ 1
        text[Int(state >> 33) % text.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      let symbols = KernelSymbols(kallsyms: text)
      _ = symbols.symbols(at: [0, 0xffff_ffff_8100_1004, .max])
      _ = symbols.textStart
      _ = symbols.moduleStarts
      _ = symbols.extents(of: .standard)
    }
  }

  @Test func loading155000SymbolsIsQuick() {
    var text: [UInt8] = []
    for number in 0..<155_000 as Range<UInt64> {
      let address = 0xffff_ffff_8100_0000 + number * 64
      text += Array("\(String(address, radix: 16)) t some_function_name_\(number)\n".utf8)
    }
    let symbols = KernelSymbols(kallsyms: text)
    let wanted = (0..<100 as Range<UInt64>).map { 0xffff_ffff_8100_0000 + $0 * 90_000 }
    #expect(symbols.symbols(at: wanted).allSatisfy { $0 != nil })
  }

  @Test(arguments: [
    ("__alloc_pages", true), ("__alloc_pages_nodemask.constprop.0", true),
    ("ttm_pool_alloc", false),
    ("hva_to_pfn", false), ("trace_event_raw_event_mm_page_alloc", true), ("free_unref_page", true),
    ("", false),
  ])
  func machineryIsData(name: String, isMachinery: Bool) {
    #expect(Machinery.standard.contains(name) == isMachinery)
  }
}

extension String {
  fileprivate var leftPadded: String { String(repeating: "0", count: max(0, 16 - count)) + self }
}
