import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerRecord

struct PlannerTests {
  /// A kernel with all of the small kernel's functions.
  private func facts(
    _ script: TypeScript = .kernel(), release: String = "6.12.1", fprobes: Bool = false,
    pageRef: Bool = false
  ) throws -> KernelFacts {
    var facts = KernelFacts()
    facts.release = release
    facts.memoryKB = 4 << 20
    facts.cpus = 2
    facts.types[""] = try BTF(script.bytes)
    facts.probeFile = "dynamic_events"
    facts.readme = "$arg<N>" + (fprobes ? " f[:[<group>/] <argname>[->" : "")
    facts.clocks = ["local", "global", "mono"]
    var points = ["kmem:mm_page_alloc", "kmem:mm_page_free", "kmem:mm_page_free_batched"]
    if pageRef {
      points += EventKind.allCases.filter(\.isPageRef).map { "page_ref:\($0.name)" }
    }
    facts.tracepoints = Set(points)
    facts.symbols = [:]
    for name in [
      "wp_page_copy", "split_page", "unmap_page_range", "vmf_insert_pfn_prot", "mprotect_fixup",
      "move_page_tables", "internal_get_user_pages_fast", "vmemmap_base",
      "vmemmap_populate",
    ] { facts.symbols?[name] = .init(module: "", count: 1) }
    return facts
  }

  private func definitions(_ plan: Plan, _ name: String) -> [String] {
    plan.probes.first { $0.name == name }?.definitions(group: "g") ?? []
  }

  @Test func offsetsComeFromTheTypes() throws {
    let plan = Planner.plan(try Wish("PL007"), for: try facts(.kernel(shift: 64)))
    #expect(
      definitions(plan, "unmap_page_range") == [
        "p:g/unmap_page_range unmap_page_range vma=$arg2:x64 mm=+24($arg2):x64 vm_flags=+40($arg2):x64 addr=$arg3:x64 end=$arg4:x64"
      ])
    #expect(
      definitions(plan, "wp_page_copy") == [
        "p:g/wp_page_copy wp_page_copy vma=+0($arg1):x64 address=+24($arg1):x64 mm=+24(+0($arg1)):x64 vm_flags=+40(+0($arg1)):x64"
      ])
    #expect(
      definitions(plan, "vmf_insert_pfn_prot_ret") == [
        "r128:g/vmf_insert_pfn_prot_ret vmf_insert_pfn_prot ret=$retval:x32"
      ])
  }

  @Test func fprobesNameArgumentsAndMembers() throws {
    let plan = Planner.plan(try Wish("PL007"), for: try facts(fprobes: true))
    #expect(
      definitions(plan, "wp_page_copy").first
        == "f:g/wp_page_copy wp_page_copy vma=vmf->vma:x64 address=vmf->address:x64 mm=vmf->vma->vm_mm:x64 vm_flags=vmf->vma->vm_flags:x64"
    )
    #expect(definitions(plan, "wp_page_copy").count == 2)
    // The seventh argument is on the stack, where only a kprobe looks.
    #expect(definitions(plan, "mprotect_fixup").count == 1)
    #expect(definitions(plan, "mprotect_fixup").first?.contains("newflags=$arg7:x64") == true)
    #expect(
      definitions(plan, "vmf_insert_pfn_prot_ret").first
        == "f:g/vmf_insert_pfn_prot_ret vmf_insert_pfn_prot%return ret=$retval:x32")
  }

  @Test func numbersHaveTheWidthOfTheirTypes() throws {
    let plan = Planner.plan(try Wish("PL013"), for: try facts())
    #expect(
      definitions(plan, "internal_get_user_pages_fast").first?.contains("nr=$arg2:s32") == true)
  }

  @Test func aMissingMemberIsLeftOutAndSaid() throws {
    let plan = Planner.plan(try Wish("PL007"), for: try facts(.kernel(leavesOut: "vm_mm")))
    let probe = try #require(plan.probes.first { $0.name == "unmap_page_range" })
    #expect(probe.missing == ["mm"])
    #expect(!probe.forms.joined().contains("mm="))
    // wp_page_copy means nothing without its address.
    let other = Planner.plan(try Wish("PL019"), for: try facts(.kernel(leavesOut: "address")))
    let reason = "wp_page_copy: the argument address cannot be found"
    #expect(other.omissions.contains { $0.what == "wp_page_copy" && $0.reason == reason })
    let rule = try #require(other.prospects.first { $0.id == "PL019" })
    #expect(!rule.isDecidable)
  }

  @Test func withoutTypesOnlyWhatIsCertain() throws {
    var known = try facts(release: "6.1.0")
    known.types = [:]
    let plan = Planner.plan(try Wish("PL007"), for: known)
    #expect(
      definitions(plan, "unmap_page_range").first?.contains("vm_flags=+32($arg2):x64") == true)
    var unknown = known
    unknown.release = "9.4.0"
    let none = Planner.plan(try Wish("PL007"), for: unknown)
    #expect(none.probes.isEmpty)
    #expect(none.omissions.contains { $0.what == "unmap_page_range" })
  }

  @Test func registersWhereArgumentsHaveNoNames() throws {
    var old = try facts()
    old.readme = "p[:[<group>/]<event>]"
    let plan = Planner.plan(try Wish("PL007"), for: old)
    #expect(definitions(plan, "split_page").first?.contains("order=%si:u32") == true)
    #expect(definitions(plan, "mprotect_fixup").first?.contains("newflags=$stack1:x64") == true)
    old.machine = "aarch64"
    let arm = Planner.plan(try Wish("PL007"), for: old)
    #expect(definitions(arm, "split_page").first?.contains("order=%x1:u32") == true)
  }

  /// A kernel with an array of struct page for each section has the variable, and nothing in it.
  @Test func anArrayForEachSectionHasNoBase() throws {
    let definition = "p:g/split_page split_page page=$arg1:x64 order=$arg2:u32"
    var plain = try facts()
    #expect(definitions(Planner.plan(try Wish("PL007"), for: plain), "split_page") != [definition])
    plain.config = KernelConfig(Array("# CONFIG_SPARSEMEM_VMEMMAP is not set\n".utf8))
    #expect(definitions(Planner.plan(try Wish("PL007"), for: plain), "split_page") == [definition])
    plain.config = nil
    plain.symbols?["vmemmap_populate"] = nil
    let plan = Planner.plan(try Wish("PL007"), for: plain)
    #expect(definitions(plan, "split_page") == [definition])
    #expect(plan.probes.first { $0.name == "split_page" }?.missing == ["vmemmap"])
  }

  @Test func theConfigurationSaysWhyEventsAreMissing() throws {
    var known = try facts()
    known.config = KernelConfig(
      Array("#\n# Linux\n#\nCONFIG_KVM=m\n# CONFIG_DRM_TTM is not set\nCONFIG_X=y\n".utf8))
    let plan = Planner.plan(try Wish("PL010,PL020"), for: known)
    #expect(
      plan.omissions.contains { $0.what == "hva_to_pfn" && $0.reason.hasSuffix("not loaded") })
    let reason = "CONFIG_DRM_TTM is not set"
    #expect(plan.omissions.contains { $0.what == "ttm_pool_alloc" && $0.reason == reason })
    #expect(KernelConfig(Array("MemTotal: 1 kB\n".utf8)) == nil)
  }

  @Test(arguments: [
    ("dash", ["-n"]), ("busybox", ["sh", "-n"]), ("shellcheck", ["-s", "sh", "-"]),
  ])
  func scriptsAreScripts(shell: String, words: [String]) throws {
    let triggers = ["bad_page", "page_ref:page_ref_mod_and_test if count < 0"]
      .compactMap(Flight.Trigger.init)
    for isFlight in [true, false] {
      for isTree in [true, false] {
        var limits = Planner.Limits()
        (limits.overwrites, limits.tree) = (isFlight, isTree)
        let plan = Planner.plan(
          try Wish("all"), for: try facts(fprobes: true, pageRef: true), limits: limits)
        let text = ShellScript.text(plan, triggers: triggers)
        #expect(!text.contains("\n#@"))
        #expect(text.contains("trigger ") == isFlight)
        try check(text, with: shell, words)
      }
    }
  }

  /// Wants a program to read a script and to find nothing wrong with it.
  private func check(_ text: String, with name: String, _ words: [String]) throws {
    guard let program = HostFile.program(name) else {
      print("skipped: \(name) is not installed")
      return
    }
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
    try input.fileHandleForWriting.close()
    let told = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(String(decoding: told, as: UTF8.self))")
  }

  /// A rule about older kernels has its answer where other rules bring its events, as info says of the capture.
  @Test func rulesOfOlderKernelsFollowTheirEvents() throws {
    var known = try facts(release: "6.12.1")
    let without = Planner.plan(try Wish("PL016"), for: known)
    let reason = "only kernels before 6.12 can do this"
    #expect(without.prospects.first { $0.id == "PL016" }?.obstacles == [reason])
    known.symbols?["vmf_insert_pfn_pmd"] = .init(module: "", count: 1)
    let plan = Planner.plan(try Wish("PL007"), for: known)
    #expect(plan.prospects.first { $0.id == "PL016" }?.isDecidable == true)
  }

  /// On arm64 KVM is part of the kernel, and has no events of stage-2 entries.
  @Test func whatIsBuiltInAndNotThereIsNotWaitedFor() throws {
    var script = TypeScript.kernel(registers: ["regs", "pstate"])
    script.function("hva_to_pfn", [("addr", 1)])
    script.function("kvm_destroy_vm", [("kvm", 1)])
    var known = KernelFacts()
    known.types[""] = try BTF(script.bytes)
    known.machine = "aarch64"
    let plan = Planner.plan(try Wish("kvm"), for: known)
    #expect(plan.probes.contains { $0.name == "hva_to_pfn" })
    #expect(!plan.tracepoints.contains { $0.group.hasPrefix("kvm") })
    let reason = "this kernel does not have it"
    #expect(
      plan.omissions.contains { $0.what == "kvmmmu:kvm_mmu_set_spte" && $0.reason == reason })
    #expect(
      plan.omissions.contains {
        $0.what == "drop_spte" && $0.reason == "the kernel has no function drop_spte"
      })
    #expect(plan.prospects.first { $0.id == "PL009" }?.isDecidable == false)
    // Where KVM is a module whose types nobody gave, it may have them.
    known.types[""] = try BTF(TypeScript.kernel().bytes)
    let module = Planner.plan(try Wish("kvm"), for: known)
    #expect(module.tracepoints.contains { $0.group == "kvmmmu" })
    #expect(module.omissions.contains { $0.reason.contains("not given (--btf)") })
  }

  @Test func ringsEndBehindTheKernelsComplaint() throws {
    var known = try facts()
    known.symbols?["bad_page"] = .init(module: "", count: 1)
    known.tracepoints?.insert("printk:console")
    var limits = Planner.Limits()
    limits.overwrites = true
    let plan = Planner.plan(try Wish("PL007"), for: known, limits: limits)
    #expect(definitions(plan, "bad_page_ret") == ["r:g/bad_page_ret bad_page"])
    let triggers = ["split_page", "kmem:mm_page_free if pfn == 1"].compactMap(Flight.Trigger.init)
    let alarms = Alarm.all(of: plan, triggers, isAlone: false)
    #expect(alarms.map(\.name) == ["bad_page_ret", "console", "split_page", "mm_page_free"])
    #expect(alarms.first?.command == "traceoff")
    // Without a condition the kernel would stop before the event is in the ring.
    #expect(
      alarms[2]
        == Alarm(name: "split_page", command: "traceoff if common_pid >= 0", isChosen: true))
    #expect(alarms[3].group == "kmem" && alarms[3].command == "traceoff if pfn == 1")
    let script = ShellScript.text(plan, triggers: triggers)
    #expect(script.contains("trigger \"$G\" bad_page_ret 'traceoff'"))
    #expect(script.contains("|| msg ~ \"*BUG: Bad page state*\"))"))
    let commands = PlanCommands.text(plan, command: [], output: "x", triggers: triggers)
    #expect(commands.contains("/bad_page_ret/trigger"))
    // A recording of everything needs no end.
    #expect(definitions(Planner.plan(try Wish("PL007"), for: known), "bad_page_ret").isEmpty)
  }

  @Test func triggersAreOnEvents() throws {
    let plan = Planner.plan(try Wish("PL007"), for: try facts())
    let triggers = ["split_page if order > 3", "kmem:mm_page_free", "nowhere"].compactMap(
      Flight.Trigger.init)
    try Flight.check(Array(triggers.prefix(2)), in: plan)
    #expect(throws: RecordError.self) { try Flight.check(triggers, in: plan) }
  }

  @Test func countRulesNeedTheirEvents() throws {
    let stock = PlanText.explain(Planner.plan(try Wish("PL007,PL010"), for: try facts()))
    #expect(stock.contains("CONFIG_DEBUG_PAGE_REF is not set: count rules stay undecidable"))
    #expect(stock.contains("PL007 does not need it"))
    let debug = Planner.plan(try Wish("PL001"), for: try facts(pageRef: true))
    #expect(debug.prospects.first { $0.id == "PL001" }?.isDecidable == true)
    #expect(debug.tracepoints.count { $0.group == "page_ref" } == 7)
  }

  @Test func namesThatSeveralFunctionsHaveAreNotProbed() throws {
    var several = try facts()
    several.symbols?["split_page"] = .init(module: "", count: 2)
    let plan = Planner.plan(try Wish("PL007"), for: several)
    #expect(definitions(plan, "split_page").isEmpty)
    #expect(plan.omissions.contains { $0.reason == "2 functions are called split_page" })
  }

  @Test func filtersAreWholeBlocksAndSaid() throws {
    var limits = Planner.Limits()
    limits.pages = 0x1401...0x1402
    limits.tree = true
    let plan = Planner.plan(try Wish("PL001"), for: try facts(pageRef: true), limits: limits)
    let alloc = try #require(plan.tracepoints.first { $0.kind == .pageAlloc })
    #expect(alloc.filter == "pfn >= 5120 && pfn <= 6143")
    #expect(plan.filters == ["pages 0x1400-0x17ff", "the command and its children"])
    #expect(ShellScript.text(plan).contains("pageledger: filter: pages 0x1400-0x17ff"))
  }

  @Test func wishes() throws {
    #expect(try Wish("pl010,PL007").rules == ["PL007", "PL010"])
    #expect(try Wish("all").rules.count > 30)
    #expect(throws: RecordError.self) { try Wish("PL999") }
    #expect(throws: RecordError.self) { try Wish("") }
    for profile in Wish.profiles { #expect(try Wish(profile.name).rules == profile.rules.sorted()) }
  }

  @Test func listsOfRulesAndCPUs() {
    #expect(PlanText.list(["PL001", "PL002", "PL003", "PL007"]) == "PL001 to PL003, PL007")
    #expect(PlanText.list(["PL001", "PL002"]) == "PL001, PL002")
    #expect(KernelFacts.count(ofList: "0-3,8\n") == 5)
    #expect(BufferReader.unit("\tfield: char data;\toffset:16;\tsize:65520;\tsigned:1;") == 65536)
  }
}
