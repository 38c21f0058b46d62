import CommandTestSupport
import Foundation
import LedgerCapture
import LedgerCore
import Testing

/// Names and lines from a kernel's file that is built here, for captures whose addresses lie in it.
@Suite struct KernelFileTests {
  static let distance: UInt64 = 0x2780_0000
  static let source = """
    static volatile int cell;
    static inline __attribute__((always_inline)) int hva_to_pfn_fast(int a) {
      cell += a;
      return cell * 3;
    }
    __attribute__((noinline)) int hva_to_pfn(int a) {
      int found = hva_to_pfn_fast(a) - 2;
      return found ^ cell;
    }
    __attribute__((noinline)) int kvm_faultin_pfn(int a) { return hva_to_pfn(a) ^ cell; }
    __attribute__((noinline)) int ttm_pool_alloc(int a) { return kvm_faultin_pfn(a + cell) + cell; }
    void _start(void) { cell = ttm_pool_alloc(5); for (;;) {} }

    """

  /// A folder with `vmlinux`, and its functions by name; nil where no such kernel can be built.
  static let built: (folder: URL, functions: [String: UInt64])? = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-kernel-\(ProcessInfo.processInfo.processIdentifier)")
    let mm = folder.appendingPathComponent("mm")
    try? FileManager.default.createDirectory(at: mm, withIntermediateDirectories: true)
    try? source.write(
      to: mm.appendingPathComponent("gup.c"), atomically: true, encoding: .utf8)
    let line = """
      cd \(folder.path) && gcc -g -O1 -fno-pie -ffreestanding -mcmodel=kernel -mno-red-zone \
      -fno-asynchronous-unwind-tables -no-pie -nostdlib -static -Wl,--build-id=0x0123456789abcdef \
      -Wl,-Ttext=0xffffffff81001000 -Wl,--defsym=_text=0xffffffff81000000 mm/gup.c -o vmlinux && \
      nm vmlinux
      """
    guard let outcome = try? Invocation.shell(line, in: folder), outcome.status == 0 else {
      return nil
    }
    var functions: [String: UInt64] = [:]
    for row in outcome.output.split(separator: "\n") {
      let words = row.split(separator: " ")
      if words.count == 3, words[1] == "T" {
        functions[String(words[2])] = UInt64(words[0], radix: 16)
      }
    }
    return (folder, functions)
  }()

  /// A refusal whose chains are addresses of the kernel, moved by `distance`.
  private static func capture(_ functions: [String: UInt64], _ offset: UInt64) -> String {
    let moved = { (name: String) in
      "0x" + String((functions[name] ?? 0) &+ offset &+ distance, radix: 16)
    }
    let task = "         ttm_kvm-139     [000] ..... 37.2771"
    return """
      # tracer: nop
      #
      # entries-in-buffer/entries-written: 4/4   #P:1
      #
      #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
      #              | |         |   |||||     |         |
      \(task)44: mm_page_alloc: page=000000000349cd35 pfn=0x1100 order=8 migratetype=0 gfp_flags=GFP_USER|GFP_DMA32
      \(task)45: <stack trace>
       => \(moved("ttm_pool_alloc"))
      \(task)50: kvm_page_fault: vcpu 0 rip 0x100a address 0x0000000001001000 error_code 0x100000006
      \(task)52: page_ref_mod_unless: pfn=0x1101 flags=none count=0 mapcount=0 mapping=0000000000000000 mt=0 val=1 ret=0
      \(task)53: <stack trace>
       => \(moved("hva_to_pfn"))
       => \(moved("kvm_faultin_pfn"))
      \(task)54: kvm_userspace_exit: reason error (14)

      """
  }

  /// What addr2line says of an address: functions and lines, the innermost first.
  private static func peer(_ folder: URL, _ address: UInt64) throws -> [(String, String)] {
    let text = try Invocation.shell(
      "addr2line -i -f -e vmlinux \(String(address, radix: 16))", in: folder
    ).output
    let rows = text.split(separator: "\n").map(String.init)
    return stride(from: 0, to: rows.count - 1, by: 2).map { row in
      let place = rows[row + 1].split(separator: " ").first.map(String.init) ?? ""
      return (rows[row], "mm/gup.c:" + (place.split(separator: ":").last.map(String.init) ?? ""))
    }
  }

  private static func words(_ found: [(String, String)], _ offset: String) -> [String] {
    found.enumerated().map { place, row in
      place + 1 < found.count
        ? "\(row.0) (inlined, \(row.1))" : "\(row.0)+\(offset) (\(row.1))"
    }
  }

  /// The offset comes from the log beside the capture.
  @Test(
    .enabled(if: KernelFileTests.built != nil, "gcc or nm is not installed"),
    arguments: [0x6, 0xa, 0x10] as [UInt64])
  func linesOfAMovedKernel(offset: UInt64) throws {
    guard let built = Self.built else { return }
    try Self.capture(built.functions, offset).write(
      to: built.folder.appendingPathComponent("stacks-\(offset).txt"), atomically: true,
      encoding: .utf8)
    try
      "[    9.000001] Kernel panic - not syncing: x\n[    9.000002] Kernel Offset: 0x27800000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)\n"
      .write(
        to: built.folder.appendingPathComponent("console.log"), atomically: true, encoding: .utf8)
    let outcome = try Invocation.pageledger(
      [
        "analyze", "--vmlinux", "vmlinux", "--console", "console.log", "stacks-\(offset).txt",
      ], in: built.folder)
    #expect(outcome.status == 1)
    #expect(outcome.errors.isEmpty)
    for name in ["hva_to_pfn", "kvm_faultin_pfn", "ttm_pool_alloc"] {
      let address = try #require(built.functions[name]) + offset - 1
      let expected = Self.words(
        try Self.peer(built.folder, address), "0x" + String(offset, radix: 16))
      #expect(!expected.isEmpty)
      for words in expected { #expect(outcome.output.contains(words), "\(name): \(words)") }
    }
  }

  /// `_text` of the capture's own list moves a kernel's file as well.
  @Test(.enabled(if: KernelFileTests.built != nil, "gcc or nm is not installed"))
  func textOfTheCaptureMovesTheKernel() throws {
    guard let built = Self.built else { return }
    let address = try #require(built.functions["hva_to_pfn"])
    let list = "\(String(0xffff_ffff_8100_0000 + Self.distance, radix: 16)) T _text\n"
    let kallsyms = built.folder.appendingPathComponent("kallsyms")
    try list.write(to: kallsyms, atomically: true, encoding: .utf8)
    let input = built.folder.appendingPathComponent("addresses")
    try (String(address + Self.distance + 6, radix: 16) + "\n").write(
      to: input, atomically: true, encoding: .utf8)
    let outcome = try Invocation.pageledger(
      ["symbols", "--vmlinux", "vmlinux", "--kaslr-offset", "0x27800000"], in: built.folder,
      input: input)
    let expected = Self.words(try Self.peer(built.folder, address + 6), "0x6")
    #expect(outcome.output == expected.joined(separator: "\n") + "\n")
  }

  /// A complaint's path has names and offsets; the place of the processor is exact, others are returns.
  @Test(.enabled(if: KernelFileTests.built != nil, "gcc or nm is not installed"))
  func linesOfAComplaint() throws {
    guard let built = Self.built else { return }
    let log = """
      [   80.000001] ------------[ cut here ]------------
      [   80.000002] WARNING: CPU: 1 PID: 83 at mm/gup.c:130 hva_to_pfn+0x6/0x20
      [   80.000003] RIP: 0010:hva_to_pfn+0x6/0x20
      [   80.000004] Call Trace:
      [   80.000005]  <TASK>
      [   80.000006]  kvm_faultin_pfn+0xa/0x10
      [   80.000007]  ? never_meant+0x1/0x10
      [   80.000008]  not_in_the_file+0xa/0x10 [fbdev]
      [   80.000009]  </TASK>
      [   80.000010] ---[ end trace 0000000000000000 ]---

      """
    try log.write(
      to: built.folder.appendingPathComponent("warning.log"), atomically: true, encoding: .utf8)
    let outcome = try Invocation.pageledger(
      ["analyze", "--vmlinux", "vmlinux", "warning.log"], in: built.folder)
    #expect(outcome.status == 1)
    let exact = try #require(built.functions["hva_to_pfn"]) + 6
    let back = try #require(built.functions["kvm_faultin_pfn"]) + 9
    let expected =
      Self.words(try Self.peer(built.folder, exact), "0x6")
      + Self.words(try Self.peer(built.folder, back), "0xa") + ["not_in_the_file+0xa [fbdev]"]
    for words in expected { #expect(outcome.output.contains("  \(words)\n"), "\(words)") }
  }

  /// A perf.data with the record of a build id before all others.
  private static func data(
    _ original: [UInt8], withBuildID id: [UInt8], of file: String = "[kernel.kallsyms]",
    mode: UInt8 = 1
  ) -> [UInt8] {
    func word(_ at: Int) -> Int {
      (0..<8).reduce(0) { $0 | Int(original[at + $1]) << (8 * $1) }
    }
    func bytes(_ value: Int) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let name = Array(file.utf8) + [UInt8](repeating: 0, count: 32 - file.utf8.count)
    let record =
      [67, 0, 0, 0, mode, 0, UInt8(36 + name.count), 0, 0xff, 0xff, 0xff, 0xff] + id + [0, 0, 0, 0]
      + name
    var data = original
    let (start, size) = (word(40), word(48))
    data.replaceSubrange(48..<56, with: bytes(size + record.count))
    let features = (72..<104).reduce(0) { $0 + original[$1].nonzeroBitCount }
    for feature in 0..<features {
      let place = start + size + 16 * feature
      data.replaceSubrange(place..<place + 8, with: bytes(word(place) + record.count))
    }
    data.insert(contentsOf: record, at: start)
    return data
  }

  /// The kernel of another build is refused with both ids, and costs no finding; one of the same build is not.
  @Test(
    .enabled(
      if: KernelFileTests.built != nil, "gcc or nm is not installed"),
    .needs(shared: "captures/encodings-6.1/perf-callchain.data"), arguments: [false, true])
  func anotherBuildIsRefused(isSame: Bool) throws {
    guard let built = Self.built, let shared = Repository.shared else { return }
    let original = shared.appendingPathComponent("captures/encodings-6.1/perf-callchain.data")
    let content = try Data(contentsOf: original)
    let own: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
    let id = (isSame ? own : []) + [UInt8](repeating: isSame ? 0 : 0x5a, count: isSame ? 12 : 20)
    let capture = built.folder.appendingPathComponent("perf-\(isSame).data")
    try Data(Self.data([UInt8](content), withBuildID: id)).write(to: capture)
    let without = try Invocation.pageledger(["analyze", capture.path], in: built.folder)
    let outcome = try Invocation.pageledger(
      ["analyze", "--vmlinux", "vmlinux", capture.path], in: built.folder)
    #expect(outcome.status == without.status)
    #expect(outcome.output.contains("PL010"))
    let refusal =
      "--vmlinux vmlinux: not used: its build id is 0123456789abcdef, the capture's kernel has "
      + String(repeating: "5a", count: 20)
    #expect(outcome.errors.contains(refusal) == !isSame, "\(outcome.errors)")
  }
}

/// Programs of users, by the build ids in a perf.data.
extension KernelFileTests {
  /// A folder of debug files with the program of the captured chains, built here: split or whole.
  private static func debugFolder(_ form: String, id: [UInt8]) throws -> URL {
    let folder = try #require(built?.folder).appendingPathComponent("users-\(form)")
    let hex = id.map { String(format: "%02x", $0) }.joined()
    let place = "\(folder.path)/.build-id/\(hex.prefix(2))"
    let target = "\(place)/\(hex.dropFirst(2))"
    let source =
      "int cell;\nvoid user_loop(void) {\n  __asm__ volatile(\".fill 0x2000, 1, 0x90\");\n}\n"
    try FileManager.default.createDirectory(
      atPath: place, withIntermediateDirectories: true)
    try source.write(
      to: folder.appendingPathComponent("loop.c"), atomically: true, encoding: .utf8)
    let copy =
      form == "split"
      ? "objcopy --only-keep-debug ttm_kvm \(target).debug" : "cp ttm_kvm \(target)"
    let outcome = try Invocation.shell(
      "gcc -g -O1 -fno-pie -no-pie -nostdlib -static -Wl,-e,user_loop -Wl,--build-id=0x\(hex) loop.c -o ttm_kvm && \(copy)",
      in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return folder
  }

  /// A user's address becomes a function with its line where the debug folder has the very program, whatever else it has.
  @Test(
    .enabled(if: KernelFileTests.built != nil, "gcc or nm is not installed"),
    .needs(shared: "captures/encodings-6.1/perf-callchain.data"), .needs(commands: "objcopy"),
    arguments: ["split", "whole", "other"])
  func usersFunctionsAreNamed(form: String) throws {
    let shared = try #require(Repository.shared("captures/encodings-6.1/perf-callchain.data"))
    let id = (0..<20).map { UInt8(0x30 + $0) }
    let folder = try Self.debugFolder(form, id: form == "other" ? id.reversed() : id)
    let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: shared)))
    try Data(Self.data(content, withBuildID: id, of: "/root/ttm_kvm", mode: 2)).write(
      to: folder.appendingPathComponent("perf.data"))
    let plain = try Invocation.pageledger(["analyze", "perf.data"], in: folder)
    let outcome = try Invocation.pageledger(
      ["analyze", "--debug-dir", ".", "perf.data"], in: folder)
    #expect(outcome.status == 1 && outcome.errors.isEmpty)
    #expect(plain.output.contains("              ttm_kvm+0x1630\n"))
    guard form != "other" else {
      #expect(outcome.output == plain.output)
      return
    }
    #expect(outcome.output.contains("              user_loop+0x630 [ttm_kvm] (loop.c:"))
    #expect(outcome.output.contains("--debug-dir .: 1 name\n"))
    // Its code ends long before.
    #expect(outcome.output.contains("              ttm_kvm+0x397ab\n"))
    let ids = [plain, outcome].map {
      $0.output.split(separator: "\n").filter { $0.hasPrefix("  id ") }
    }
    #expect(ids[0] == ids[1])
  }
}

/// One defect in four encodings: its paths have one id, whoever names the addresses.
@Suite struct OnePathTests {
  /// The symbols of the boot of `stack.dat`, as its kernel listed them, or moved to where they were linked.
  private static func lists(_ folder: URL, _ capture: String) throws -> [[String]] {
    let reader = try openCapture(path: capture, detail: .replay)
    let text = try #require(reader.clues.kallsyms?())
    try Data(text).write(to: folder.appendingPathComponent("kallsyms"))
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let start = lines.first { $0.hasSuffix(" T _text") }.flatMap {
      UInt64($0.prefix(16), radix: 16)
    }
    let distance = try #require(start) &- 0xffff_ffff_8100_0000
    let map = lines.lazy.filter { !$0.contains("[") && $0.hasPrefix("ffffffff") }.map { line in
      String((UInt64(line.prefix(16), radix: 16) ?? 0) &- distance, radix: 16) + line.dropFirst(16)
    }
    try map.joined(separator: "\n").write(
      to: folder.appendingPathComponent("System.map"), atomically: true, encoding: .utf8)
    return [
      ["--kallsyms", "kallsyms"], ["--system-map", "System.map"],
      ["--system-map", "System.map", "--kallsyms", "kallsyms"],
    ]
  }

  private struct Paths: Equatable {
    var id: String
    var functions: [[String]]
  }

  private static func paths(_ arguments: [String], _ folder: URL) throws -> [Paths] {
    let outcome = try Invocation.pageledger(
      ["analyze", "--format", "json"] + arguments, in: folder)
    let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let findings = (document as? [String: Any])?["findings"] as? [[String: Any]] ?? []
    return findings.filter { $0["rule"] as? String == "PL010" }.map { finding in
      let paths = finding["paths"] as? [[String: Any]] ?? []
      return Paths(
        id: finding["pathId"] as? String ?? "",
        functions: paths.map { path in
          (path["frames"] as? [[String: Any]] ?? []).map { $0["function"] as? String ?? "" }
        })
    }
  }

  @Test(.needs(shared: "captures/encodings-6.1/stack.dat"))
  func pathsOfAllEncodingsAreOne() throws {
    guard let shared = Repository.shared else { return }
    let captures = shared.appendingPathComponent("captures/encodings-6.1").path
    try Repository.withFolder { folder in
      let expected = try Self.paths([captures + "/stack.dat"], folder)
      #expect(expected.count == 1)
      #expect(expected.first?.functions.count == 2)
      for name in ["text-tgid-stack.txt", "perf-script-callchain.txt.gz"] {
        #expect(try Self.paths(["\(captures)/\(name)"], folder) == expected)
      }
      for arguments in try Self.lists(folder, captures + "/stack.dat") {
        let found = try Self.paths(arguments + [captures + "/perf-callchain.data"], folder)
        #expect(found == expected, "\(arguments)")
      }
    }
  }
}
