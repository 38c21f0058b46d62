internal import LedgerCore
internal import LedgerReplay

/// A huge PFN mapping on a kernel whose huge entries have no special bit.
struct PL016HugePfn: Rule {
  let marks: Transition.Marks = .hugeSpecial
  let requirements = Requirements(
    all: [.insertHuge], restsOnAbsence: false, before: KernelVersion(6, 12))

  func charge(_ transition: Transition) -> Charge? {
    // What get_user_pages got through had no special bit, whatever the kernel's release.
    let isGrabbed = transition.marks.contains(.grabbed)
    let isSure = isGrabbed || !transition.marks.contains(.inferred)
    return Charge(
      verdict: isSure ? .proven : .likely, severity: .critical, variant: "pmd",
      pid: transition.event.pid, dependsOnOthers: false, isOfAnyKernel: isGrabbed)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "huge PFN mapping of \(transition.place) without a special bit",
      advice:
        "fall back to 4 KiB vmf_insert_pfn() on kernels before 6.12: GUP-fast takes the huge entry for a THP",
      doubt: charge.isOfAnyKernel
        ? "false if the entry had been replaced by a huge page of the process's own, unseen"
        : charge.verdict == .proven
          ? "false if the kernel has pmd_special() backported"
          : "false if the insertion failed, which no recorded event shows, or if the kernel has pmd_special() backported"
    )
  }

  let description = RuleDescription(
    id: "PL016", name: "huge PFN mapping without special bit", severity: .critical,
    summary: "vmf_insert_pfn_pmd() or _pud() of ordinary memory on a kernel before 6.12.",
    truth: """
      GUP-fast skips a huge entry only if it is marked devmap or (from 6.12 on) special. A plain huge PFN entry looks like a transparent huge page: \
      GUP-fast takes references in a block whose owner does not know of them.
      """,
    versions: "before 6.12; TTM did it from 5.7 to 5.15",
    needs: ["probe on vmf_insert_pfn_pmd_prot or vmf_insert_pfn_pmd, with return"],
    proof: """
      The call with a pfn_t that is not PFN_DEV|PFN_MAP, and its return VM_FAULT_NOPAGE; or get_user_pages getting through the entry, on any kernel.
      """,
    lookAlikes: "DAX (devmap); vfio-pci and others from 6.12 on.",
    undecidable: "The kernel's release is not known.",
    fix: "4 KiB entries.",
    source: "mm/huge_memory.c:vmf_insert_pfn_pmd_prot; mm/gup.c:gup_huge_pmd; commit 0d979509539e",
    example: "vmf_insert_pfn_pmd: addr=0x7f02c6c00000 pfn=0x109400 vm_flags=0x40444fb")
}
