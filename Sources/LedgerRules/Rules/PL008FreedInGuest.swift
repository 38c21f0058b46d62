internal import LedgerCore
internal import LedgerReplay

/// A page was freed while a guest's stage-2 table still maps it.
struct PL008FreedInGuest: Rule {
  let marks: Transition.Marks = .freedInGuest
  let requirements = Requirements(all: [.pageFree, .spteChanged], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    return Charge(
      verdict: transition.marks.contains(.inferred) ? .likely : .proven, severity: .critical,
      variant: "freed", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let guest = transition.related.first.map { " (gfn \(hex($0.pointer)))" } ?? ""
    return Story(
      title: "\(transition.place) freed while a guest maps it\(guest)",
      advice: """
        release memory only after its user addresses were unmapped through the page table API, which calls the mmu notifier: that is what makes \
        KVM drop its entry
        """,
      doubt: "false if KVM dropped the entry without kvm_tdp_mmu_spte_changed",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL008", name: "page freed while a guest maps it", severity: .critical,
    summary: "mm_page_free of a page that a stage-2 entry still maps.",
    truth: """
      Stage-2 entries hold no reference once the fault is over. Only the mmu notifier protects them: invalidate, remove the entry, clear the \
      host's entry, free. A guest whose entry survives reads and writes the page's next owner.
      """,
    versions: "5.15 to 7.1 with the TDP MMU (default on x86-64 from 6.1 on)",
    needs: ["kvmmmu:kvm_tdp_mmu_spte_changed", "kmem:mm_page_free"],
    proof:
      "kvm_tdp_mmu_spte_changed to a present leaf, no change of that entry since, then mm_page_free of its page.",
    lookAlikes: """
      Values that are not present (0x5a0, bit 63 alone); entries of page-table pages; the same guest frame in two VMs; changes of bits only.
      """,
    undecidable: """
      The VM is older than the capture; the shadow MMU (nested guests, tdp_mmu=N) removes entries without an event.
      """,
    fix: "Free after the notifier has run.",
    source: "arch/x86/kvm/mmu/tdp_mmu.c:__handle_changed_spte; Documentation/virt/kvm/locking.rst",
    example: """
      kvm_tdp_mmu_spte_changed: gfn=0x1000 level=1 old_spte=0x0 new_spte=0x1014ece67
      mm_page_free:             pfn=0x1014ec order=2     <- the entry is still there
      kvm_tdp_mmu_spte_changed: gfn=0x1000 level=1 old_spte=0x1014ece67 new_spte=0x0
      """)
}
