import Foundation
import LedgerCore
import Testing

@testable import LedgerRecord

/// Probes by the types of Debian's arm64 kernels; the offsets are those that bpftool shows for them.
struct ArmTypesTests {
  private func plan(_ release: String) throws -> Plan {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("fixtures/types/arm64-\(release).btf").path
    let facts = try KernelFacts(types: [path], release: "\(release).0-arm64")
    #expect(facts.machine == "aarch64")
    return Planner.plan(try Wish("all"), for: facts)
  }

  @Test(arguments: [
    ("6.1", "split_page page=$arg1:x64 order=$arg2:u32"),
    (
      "6.1",
      "unmap_page_range vma=$arg2:x64 mm=+16($arg2):x64 vm_flags=+32($arg2):x64 addr=$arg3:x64 end=$arg4:x64"
    ),
    (
      "6.1",
      "wp_page_copy vma=+0($arg1):x64 address=+24($arg1):x64 mm=+16(+0($arg1)):x64 vm_flags=+32(+0($arg1)):x64"
    ),
    (
      "6.1",
      "mprotect_fixup mm=+16($arg2):x64 start=$arg4:x64 end=$arg5:x64 newflags=$arg6:x64 oldflags=+32($arg2):x64"
    ),
    (
      "6.1",
      "kvm_mmu_notifier_invalidate_range_start mn=$arg1:x64 mm=+8($arg2):x64 start=+16($arg2):x64 end=+24($arg2):x64 event=+36($arg2):u32"
    ),
    (
      "6.1",
      "dma_buf_mmap_internal dmabuf=+200($arg1):x64 vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64 mm=+16($arg2):x64 vm_flags=+32($arg2):x64"
    ),
    ("6.1", "internal_get_user_pages_fast start=$arg1:x64 nr=$arg2:u64 gup_flags=$arg3:x32"),
    ("6.1", "follow_pte mm=$arg1:x64 address=$arg2:x64"),
    (
      "6.12",
      "kvm_mmu_notifier_invalidate_range_start mn=$arg1:x64 mm=+0($arg2):x64 start=+8($arg2):x64 end=+16($arg2):x64 event=+28($arg2):u32"
    ),
    (
      "6.12",
      "mprotect_fixup mm=+16($arg3):x64 start=$arg5:x64 end=$arg6:x64 newflags=$arg7:x64 oldflags=+32($arg3):x64"
    ),
    (
      "6.12",
      "dma_buf_mmap_internal dmabuf=+32($arg1):x64 vma=$arg2:x64 vm_start=+0($arg2):x64 vm_end=+8($arg2):x64 mm=+16($arg2):x64 vm_flags=+32($arg2):x64"
    ),
    ("6.12", "follow_pfnmap_start mm=+16(+0($arg1)):x64 address=+8($arg1):x64"),
    (
      "6.12",
      "__kvm_set_memory_region kvm=$arg1:x64 slot=+0($arg2):u32 flags=+4($arg2):x32 gpa=+8($arg2):x64 size=+16($arg2):x64 hva=+24($arg2):x64"
    ),
    ("6.12", "hva_to_pfn addr=$arg1:x64"),
  ])
  func argumentsAreWhereTheKernelHasThem(release: String, probe: String) throws {
    let name = probe.prefix { $0 != " " }
    let found = try plan(release).probes.first { $0.name == name }
    #expect(found?.forms == ["p:GROUP/\(name) \(probe)"])
  }

  /// KVM is part of these kernels, and its events are not those of x86.
  @Test(arguments: ["6.1", "6.12"]) func eventsOfOtherMachinesAreNotPromised(release: String) throws
  {
    let plan = try plan(release)
    #expect(!plan.tracepoints.contains { $0.group == "kvmmmu" || $0.name == "kvm_page_fault" })
    #expect(!plan.omissions.contains { $0.reason.contains("--btf") && $0.what.contains("spte") })
    for rule in ["PL008", "PL009"] {
      #expect(plan.prospects.first { $0.id == rule }?.isDecidable == false)
    }
  }
}
