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

  @Test(arguments: ["dash", "busybox"]) func theScriptIsAScript(shell: String) throws {
    guard let program = HostFile.program(shell) else {
      print("skipped: \(shell) is not installed")
      return
    }
    var limits = Planner.Limits()
    limits.tree = true
    let plan = Planner.plan(
      try Wish("all"), for: try facts(fprobes: true, pageRef: true), limits: limits)
    let text = ShellScript.text(plan)
    #expect(!text.contains("\n#@"))
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = (shell == "busybox" ? ["sh"] : []) + ["-n"]
    process.standardInput = pipe
    try process.run()
    pipe.fileHandleForWriting.write(Data(text.utf8))
    try pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
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
