import Foundation
import LedgerInput
import Testing

@testable import LedgerRecord

/// Facts read from a folder that looks like a machine.
struct FactsTests {
  private func machine(_ files: [String: String]) throws -> String {
    let folder = NSTemporaryDirectory() + "pageledger-facts-\(UUID().uuidString)"
    for (path, text) in files {
      let url = URL(fileURLWithPath: "\(folder)/\(path)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: false, encoding: .utf8)
    }
    return folder
  }

  @Test func readsAMachine() throws {
    let folder = try machine([
      "proc/sys/kernel/osrelease": "6.1.0-50-amd64\n", "proc/sys/kernel/arch": "x86_64\n",
      "proc/meminfo": "MemTotal:        3064536 kB\nMemFree: 1 kB\n",
      "sys/devices/system/cpu/possible": "0-3\n",
      "sys/kernel/tracing/README": "tracing mini-HOWTO: $arg<N>",
      "sys/kernel/tracing/available_events": "kmem:mm_page_alloc\nkvm:kvm_page_fault\n",
      "sys/kernel/tracing/trace_clock": "[local] global mono\n",
      "sys/kernel/tracing/dynamic_events": "",
      "sys/kernel/tracing/available_filter_functions": "split_page\nhva_to_pfn [kvm]\nother\n",
      "proc/modules": "kvm 1 0 - Live 0x0\n",
      "proc/kallsyms":
        "0000000000000000 T split_page\n0 t hva_to_pfn\t[kvm]\n0 D vmemmap_base\n0 T other\n0 t drop_spte [kvm]\n0 t drop_spte [kvm]\n",
    ])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let facts = KernelFacts(root: folder)
    #expect(facts.release == "6.1.0-50-amd64")
    #expect(facts.cpus == 4)
    #expect(facts.memoryKB == 3_064_536)
    #expect(facts.clocks == ["local", "global", "mono"])
    #expect(facts.probeFile == "dynamic_events")
    #expect(facts.traceable == ["split_page", "hva_to_pfn"])
    #expect(facts.symbols?["hva_to_pfn"] == .init(module: "kvm", count: 1))
    #expect(facts.symbols?["drop_spte"]?.count == 2)
    #expect(facts.symbols?["other"] == nil)
    #expect(facts.modules == ["kvm"])
    #expect(facts.hasTracepoint("kmem", "mm_page_alloc") == true)
    #expect(facts.hasTracepoint("page_ref", "page_ref_set") == false)
    #expect(facts.hasArguments && !facts.hasFprobes)
    // No types: said, and the tables of releases serve.
    #expect(facts.notes.contains { $0.contains("btf") })
    let plan = Planner.plan(try Wish("kvm"), for: facts)
    let probe = try #require(plan.probes.first { $0.name == "hva_to_pfn" })
    #expect(probe.forms == ["p:GROUP/hva_to_pfn kvm:hva_to_pfn addr=$arg1:x64"])
    #expect(plan.omissions.contains { $0.reason == "2 functions are called drop_spte" })
  }

  @Test func anEmptyMachineGivesAPlanOfReasons() throws {
    let folder = try machine(["proc/sys/kernel/osrelease": "6.1.0\n"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plan = Planner.plan(try Wish("all"), for: KernelFacts(root: folder))
    #expect(!PlanText.explain(plan).isEmpty)
    #expect(!PlanCommands.text(plan, command: ["a b"], output: "x").isEmpty)
  }

  @Test func typesOfAnotherKernelTellTracepointsAndFunctions() throws {
    let path = NSTemporaryDirectory() + "pageledger-\(UUID().uuidString).btf"
    try Data(TypeScript.kernel().bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let facts = try KernelFacts(types: [path], release: "6.12.0")
    let plan = Planner.plan(try Wish("PL007,PL010"), for: facts)
    #expect(plan.tracepoints.contains { $0.name == "mm_page_alloc" })
    #expect(plan.probes.contains { $0.name == "vmf_insert_pfn_prot" })
    #expect(plan.omissions.contains { $0.reason.contains("types of the module kvm") })
    #expect(throws: RecordError.self) {
      try KernelFacts(types: ["/dev/null"], release: "")
    }
  }

  /// Arguments are named by their numbers, and no base of struct page is asked for: arm64 has it at a place of its own.
  @Test func typesTellTheMachine() throws {
    let folder = NSTemporaryDirectory()
    for (registers, machine) in [
      (["regs", "pstate"], "aarch64"), (["r15"], "x86_64"), (["psw"], ""),
    ] {
      let path = "\(folder)pageledger-\(UUID().uuidString).btf"
      let types = TypeScript.kernel(registers: registers).bytes
      try Data(types).write(to: URL(fileURLWithPath: path))
      defer { try? FileManager.default.removeItem(atPath: path) }
      guard !machine.isEmpty else {
        #expect(throws: RecordError.self) { try KernelFacts(types: [path], release: "6.12.0") }
        continue
      }
      let facts = try KernelFacts(types: [path], release: "6.12.0")
      #expect(facts.machine == machine)
      let plan = Planner.plan(try Wish("PL007"), for: facts)
      let forms = plan.probes.first { $0.name == "split_page" }?.forms
      let base = machine == "x86_64" ? " vmemmap=@vmemmap_base:x64" : ""
      #expect(forms == ["p:GROUP/split_page split_page page=$arg1:x64\(base) order=$arg2:u32"])
    }
  }

  /// `gzip -9n` of "CONFIG_KVM=m" and of a remark on CONFIG_DEBUG_PAGE_REF, as /proc/config.gz has it.
  @Test func readsAPackedConfiguration() throws {
    let folder = try machine(["proc/sys/kernel/osrelease": "6.1.0\n"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(Self.packed).write(to: URL(fileURLWithPath: "\(folder)/proc/config.gz"))
    let facts = KernelFacts(root: folder)
    #expect(facts.config?["KVM"] == .module)
    #expect(facts.config?["DEBUG_PAGE_REF"] == .off)
    #expect(facts.hasTracepoint("page_ref", "page_ref_set") == false)
    #expect(facts.hasTracepoint("kmem", "mm_page_alloc") == nil)
  }

  private static let packed: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x53, 0xe6, 0x52, 0x56, 0x70, 0x2c,
    0x2d, 0xc9, 0xcf, 0x4d, 0x2c, 0xc9, 0x4c, 0x4e, 0xcc, 0xc9, 0xa9, 0x54, 0x48, 0x4f, 0xcd, 0x4b,
    0x2d, 0x4a, 0x2c, 0x49, 0x4d, 0x51, 0x48, 0xcb, 0xcc, 0x49, 0xe5, 0x52, 0xe6, 0x72, 0xf6, 0xf7,
    0x73, 0xf3, 0x74, 0x8f, 0xf7, 0x0e, 0xf3, 0xb5, 0xcd, 0x05, 0xaa, 0x86, 0x72, 0x5d, 0x5c, 0x9d,
    0x42, 0xdd, 0xe3, 0x03, 0x1c, 0xdd, 0x5d, 0xe3, 0x83, 0x5c, 0xdd, 0x14, 0x32, 0x8b, 0x15, 0xf2,
    0xf2, 0x4b, 0x14, 0x8a, 0x53, 0x4b, 0xb8, 0x00, 0xf7, 0xce, 0xb1, 0x4d, 0x53, 0x00, 0x00, 0x00,
  ]
}
