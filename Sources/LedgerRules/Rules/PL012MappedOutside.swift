internal import LedgerCore
internal import LedgerReplay

/// KVM keeps a kernel mapping of PFN memory through an invalidation.
struct PL012MappedOutside: Rule {
  let marks: Transition.Marks = .mappedOutside
  let requirements = Requirements(
    all: [.vcpuMap, .vcpuUnmap, .memslot],
    any: [[.notifierStart, .unmapHva], [.insertPfn, .remapRange]], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    return Charge(
      verdict: .likely, severity: .high, variant: "map", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "KVM still maps \(transition.place) while its user address is invalidated",
      advice: "use gfn_to_pfn_cache, which follows the notifier, or refuse PFN memory for this use",
      doubt: "false if the mapping is not used again before kvm_vcpu_unmap()",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL012", name: "KVM maps PFN memory outside the notifier", severity: .high,
    summary: "A page taken by kvm_vcpu_map() is still mapped when its user address is invalidated.",
    truth: """
      kvm_vcpu_map() keeps a kernel mapping that no notifier revokes. For memory mapped by pfn nothing else protects it: after the \
      invalidation KVM reads and writes what is not the guest's any more.
      """,
    versions: "up to 6.12; from 6.13 only with allow_unsafe_mappings",
    needs: [
      "probes on kvm_vcpu_map (with return), kvm_vcpu_unmap, __kvm_set_memory_region, kvm_mmu_notifier_invalidate_range_start, vmf_insert_pfn_prot"
    ],
    proof:
      "kvm_vcpu_map of a guest frame, its address in a PFN entry, invalidate_range_start over the address before kvm_vcpu_unmap.",
    lookAlikes: "Maps and unmaps within one exit without an invalidation; memory with references.",
    undecidable:
      "kvm_vcpu_map is an inline function from 6.13 on; of several VMs none is accused unless the probe names it (kvm=+0($arg1)) or the task's entries do.",
    fix: "gfn_to_pfn_cache.",
    source: "virt/kvm/kvm_main.c:kvm_vcpu_map; virt/kvm/pfncache.c",
    example: """
      kvm_vcpu_map:                            gfn=0x1000 vcpu=0xffff9d4640538000
      kvm_mmu_notifier_invalidate_range_start: start=0x7fc6d49af000 end=0x7fc6d49b3000   <- gfn 0x1000 lies there
      """)
}
