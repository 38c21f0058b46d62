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

  @Test(.enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"))
  func wrongKernelIsRefusedWithBothIds() throws {
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

  @Test(.enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"))
  func kernelWhoseFunctionsLieElsewhereIsRefused() throws {
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

  /// `Kernel Offset:` of a log, or `_text` of the capture, moves the addresses of a kernel's file.
  @Test(
    .enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"), arguments: [true, false])
  func kernelMovedByKASLR(byLog: Bool) throws {
    guard let built = ElfFileTests.built else { return }
    var clues = KernelClues()
    let distance: UInt64 = 0x2780_0000
    if byLog { clues.offset = distance } else { clues.text = 0x40_0000 + distance }
    clues.buildID = try ElfFile(path: built.program.path).buildID
    for (address, name) in ElfFileTests.functions(built.program) {
      var finder = finder(built.program, clues)
      let frame = StackFrame(address: address + distance + 4)
      let named = finder.names(of: [frame], chains: [[frame]])
      #expect(named[frame]?.last?.function == name)
      #expect(named[frame]?.last?.offset == 4)
      #expect(named[frame]?.last?.line.hasPrefix("p.c:") == true)
      #expect(finder.complaints.isEmpty)
    }
  }

  /// Modules lie where the capture's mappings say.
  @Test(
    .enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"),
    arguments: ["p.ko", "p.ko.xz", "p.ko.zst"])
  func modulesAtTheirPlaces(file: String) throws {
    guard let built = ElfFileTests.built else { return }
    let folder = built.folder.appendingPathComponent("modules-\(file)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try? FileManager.default.copyItem(
      at: built.folder.appendingPathComponent(file), to: folder.appendingPathComponent(file))
    var clues = KernelClues()
    clues.modules = ["p": 0xffff_ffff_c012_3000]
    var files = SymbolFinder.Files()
    files.modules = folder.path
    for (address, name) in ElfFileTests.functions(built.object) {
      var finder = SymbolFinder(files, clues: clues)
      let frame = StackFrame(address: 0xffff_ffff_c012_3000 + address + 4)
      let named = finder.names(of: [frame], chains: [])
      #expect(named[frame]?.last?.function == name)
      #expect(named[frame]?.last?.module == "p")
      #expect(named[frame]?.last?.line.hasPrefix("p.c:") == true)
    }
  }

  /// A module is refused with both ids when the capture knows another one; names that the capture has stay.
  @Test(
    .enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"), arguments: [false, true])
  func moduleOfAnotherBuildIsRefused(isSame: Bool) throws {
    guard let built = ElfFileTests.built else { return }
    let folder = built.folder.appendingPathComponent("builds-\(isSame)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let linked = ElfFileTests.shell(
      "cd \(folder.path) && ld -r --build-id=0xabcdef01 ../p.ko -o p.ko && readelf -n p.ko")
    guard linked?.contains("abcdef01") == true else { return }
    var clues = KernelClues()
    clues.moduleIDs = ["p": isSame ? [0xab, 0xcd, 0xef, 0x01] : [0x12, 0x34]]
    var files = SymbolFinder.Files()
    files.modules = folder.path
    var finder = SymbolFinder(files, clues: clues)
    let frames = [4, 5].map { StackFrame(name: "outer\tp", offset: $0) }
    let named = finder.names(of: Set(frames), chains: [])
    for frame in frames {
      #expect(named[frame]?.last?.function == "outer")
      #expect(named[frame]?.last?.line.hasPrefix("p.c:") == isSame)
    }
    #expect(finder.complaints.count == (isSame ? 0 : 1))
    guard !isSame, let complaint = finder.complaints.first else { return }
    #expect(complaint.contains("its build id is abcdef01, the capture's module has 1234"))
  }

  /// Where the kernel lay is known, which kernel it was is not: the innermost functions of the allocator's events tell.
  @Test(arguments: [false, true], [false, true])
  func anotherKernelIsRefused(isOwn: Bool, isElf: Bool) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let function = isOwn ? "__alloc_pages" : "n_tty_open"
    let map = folder.appendingPathComponent("System.map")
    try
      "ffffffff81000000 T _text\nffffffff81001000 T \(function)\nffffffff81002000 T ttm_pool_alloc\n"
      .write(to: map, atomically: true, encoding: .utf8)
    let source = "void \(function)(void) { for (;;) {} }\n"
    try source.write(
      to: folder.appendingPathComponent("k.c"), atomically: true, encoding: .utf8)
    let line = """
      cd \(folder.path) && gcc -O1 -fno-pie -ffreestanding -mcmodel=kernel -fno-asynchronous-unwind-tables -no-pie -nostdlib \
      -static -Wl,-e,\(function) -Wl,-Ttext=0xffffffff81001000 -Wl,--defsym=_text=0xffffffff81000000 k.c -o vmlinux
      """
    guard !isElf || ElfFileTests.shell(line) != nil else { return print("skipped: no gcc") }
    var files = SymbolFinder.Files()
    if isElf {
      files.vmlinux = folder.appendingPathComponent("vmlinux").path
    } else {
      files.systemMap = map.path
    }
    var clues = KernelClues()
    clues.text = 0xffff_ffff_9a00_0000
    var finder = SymbolFinder(files, clues: clues)
    let frame = StackFrame(address: 0xffff_ffff_9a00_1001)
    let names = finder.names(of: [frame], chains: [[frame]], anchors: [[frame]])
    #expect(names[frame]?.map(\.function) == (isOwn ? [function] : nil))
    #expect(finder.complaints.count == (isOwn ? 0 : 1))
    // A probe may stand anywhere.
    var other = SymbolFinder(files, clues: clues)
    #expect(other.names(of: [frame], chains: [[frame]])[frame]?.first?.function == function)
  }

  @Test(arguments: [
    ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([], [1], true), ([1], [], true),
    ([1, 2], [1, 2, 0, 0], true), ([1, 2], [1, 2, 3], false), ([1, 2, 0], [1, 2], true),
  ])
  func buildIDsAreTheSame(one: [UInt8], other: [UInt8], isSame: Bool) {
    #expect(SymbolFinder.isSame(one, other) == isSame)
    #expect(SymbolFinder.isSame(other, one) == isSame)
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

  /// arm64: kernel, modules and the lists of 32-bit machines lie elsewhere.
  @Test(arguments: [
    ("ffff800008000000", 0xffff_8000_0800_1234 as UInt64, "ffff800001230000"),
    ("ffffffc010000000", 0xffff_ffc0_1000_1234, "ffffffc008a00000"),
    ("c0008000", 0xc000_9234, "bf000000"),
  ])
  func listsOfOtherMachines(text: String, address: UInt64, module: String) {
    let start = String(text.dropLast(4))
    let low = text.hasSuffix("8000") ? "9200" : "1200"
    let list =
      "\(text) T _text\n\(start)\(low) t do_fault.constprop.0\r\n\(start)f000 D jiffies\n"
      + "\(module) t $x\t[kvm]\n\(module.dropLast(3))040 t gfn_to_pfn\t[kvm]"
    var clues = KernelClues()
    clues.kallsyms = { Array(list.utf8) }
    var finder = SymbolFinder(SymbolFinder.Files(), clues: clues)
    let frames = [
      StackFrame(address: address),
      StackFrame(address: (UInt64(module, radix: 16) ?? 0) + 0x48), StackFrame(address: 16),
    ]
    let named = finder.names(of: Set(frames), chains: [frames])
    #expect(named[frames[0]]?.map(\.words) == ["do_fault.constprop.0+0x34"])
    #expect(named[frames[1]]?.map(\.words) == ["gfn_to_pfn+0x8 [kvm]"])
    #expect(named[frames[2]] == nil)
  }

  /// What an unprivileged reader of /proc/kallsyms sees.
  @Test func hiddenAddressesNameNothing() {
    let list = (0..<50).map { "0000000000000000 T function_\($0)\n" }.joined()
    var clues = KernelClues()
    clues.kallsyms = { Array(("0000000000000000 T _text\n" + list).utf8) }
    var finder = SymbolFinder(SymbolFinder.Files(), clues: clues)
    let frames = [StackFrame(address: 0x10), StackFrame(address: 0xffff_ffff_8100_0010)]
    #expect(finder.names(of: Set(frames), chains: [frames]).isEmpty)
    #expect(finder.sources.map(\.named) == [0])
    #expect(finder.sources[0].detail.hasPrefix("not used"))
  }

  @Test(arguments: [
    ("f.isra.0", "f"), ("f.constprop.0.cold", "f"), ("f.part.3", "f"), ("f.llvm.123", "f"),
    ("__pfx_f", "f"), ("__pfx_", "__pfx_"), (".text", ".text"), ("f", "f"),
  ])
  func copiesOfAFunctionHaveOneName(name: String, plain: String) {
    #expect(CodeFrame(function: name).plainFunction == plain)
  }

  /// The quick pass over a list sees what a look at each line sees.
  @Test func quickPassEqualsSlowOne() {
    var text = "0000000000000000 A zero\nffffffff81000000 T _text\n"
    var state: UInt64 = 3
    var known: [(address: UInt64, name: String)] = []
    for number in 0..<3000 as Range<UInt64> {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      let address = 0xffff_ffff_8100_0040 + (state >> 40)
      let kind = number % 7 == 0 ? "d" : number % 5 == 0 ? "W" : "t"
      text += "\(String(address, radix: 16)) \(kind) \(number % 3 == 0 ? "f" : "func_")\(number)\n"
      if kind != "d" { known.append((address, "\(number)")) }
    }
    let symbols = KernelSymbols(kallsyms: Array(text.utf8))
    let wanted = (0..<400 as Range<UInt64>).map { 0xffff_ffff_8100_0041 + $0 * 41_000 }
    for (address, found) in zip(wanted, symbols.symbols(at: wanted)) {
      let best = known.map(\.address).filter { $0 <= address }.max()
      let isNear = best.map { address - $0 < 1 << 20 } ?? (address < 0xffff_ffff_8110_0000)
      #expect(!isNear || found?.address == best ?? 0xffff_ffff_8100_0000)
    }
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
    guard isMachinery else { return }
    let initial = name.utf8.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    #expect(Machinery.standard.mayContain(initial: initial))
  }
}

extension String {
  fileprivate var leftPadded: String { String(repeating: "0", count: max(0, 16 - count)) + self }
}
