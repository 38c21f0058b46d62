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
    let facts = try KernelFacts(types: [path], release: "6.12.0", machine: "x86_64")
    let plan = Planner.plan(try Wish("PL007,PL010"), for: facts)
    #expect(plan.tracepoints.contains { $0.name == "mm_page_alloc" })
    #expect(plan.probes.contains { $0.name == "vmf_insert_pfn_prot" })
    #expect(plan.omissions.contains { $0.reason.contains("types of the module kvm") })
    #expect(throws: RecordError.self) {
      try KernelFacts(types: ["/dev/null"], release: "", machine: "x86_64")
    }
  }
}
