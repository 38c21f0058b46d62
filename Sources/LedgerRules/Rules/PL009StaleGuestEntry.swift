internal import LedgerCore
internal import LedgerReplay

/// A stage-2 entry outlived the invalidation of its user address.
struct PL009StaleGuestEntry: Rule {
  let marks: Transition.Marks = .staleInWindow
  let requirements = Requirements(
    all: [.spteChanged, .memslot, .notifierStart, .notifierEnd], restsOnAbsence: true,
    assurance: .init(
      any: [[.insertPfn, .remapRange], [.unmapRange], [.moveTables]],
      words:
        "what the host maps: probes on vmf_insert_pfn or remap_pfn_range, unmap_page_range, move_page_tables"
    ))

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, let leaf = transition.related.first,
      let start = transition.related.dropFirst().first
    else { return nil }
    guard !transition.marks.contains(.hostDiffers) else {
      return Charge(
        verdict: .likely, severity: .critical, variant: "host maps another",
        pid: transition.event.pid, alsoNeeds: [.unmapRange, .moveTables])
    }
    let opened = transition.related.last { $0.kind == .notifierStartReturn } ?? start
    let variant = leaf.time > opened.time ? "installed inside" : "not removed"
    return Charge(
      verdict: .likely, severity: .critical, variant: variant, pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let what =
      switch charge.variant {
      case "not removed": "was not removed by the invalidation of its address"
      case "installed inside": "was installed while its address was being invalidated"
      default: "is still there while the host maps another page at its address"
      }
    return Story(
      title: "guest entry for \(transition.place) \(what)",
      advice:
        "check how the fault path compares the notifier's sequence: mmu_invalidate_retry() under mmu_lock",
      doubt:
        "false if the memory slot had moved, or if the invalidation was one that keeps the page",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL009", name: "stale stage-2 entry", severity: .critical,
    summary:
      "After an mmu notifier window has closed, a stage-2 entry for its addresses is still there.",
    truth: """
      A fault that looked its page up before an invalidation must not install it afterwards: KVM compares a sequence count under mmu_lock. \
      An entry that survives the window points to memory that user space has given back.
      """,
    versions: "5.15 to 7.1 with the TDP MMU",
    needs: [
      "probes on __kvm_set_memory_region, kvm_mmu_notifier_invalidate_range_start (with return) and _end",
      "probes on vmf_insert_pfn_prot, unmap_page_range, move_page_tables: what the host maps",
      "kvmmmu:kvm_tdp_mmu_spte_changed",
    ],
    proof: """
      At the entry of invalidate_range_end: a present leaf whose guest frame a memory slot places at an address of the window. Windows for changes \
      of protection only are left out. Or: the leaf mapped what the host mapped at its address, that entry went, and the host maps another page \
      there while the leaf stays.
      """,
    lookAlikes: """
      Entries set between the start's trace and its own removals; windows of another VM or process; KSM's change_pte, read-only and by the \
      invalidating task itself (up to 6.6, counted as entry-changed-in-window).
      """,
    undecidable:
      "Memory slots were set before the capture, so that guest frames have no addresses; what the host maps is known by probes on insertions only.",
    fix: "Pair invalidate and retry.",
    source:
      "virt/kvm/kvm_main.c:kvm_mmu_notifier_invalidate_range_end; arch/x86/kvm/mmu/mmu.c:is_page_fault_stale",
    example: """
      kvm_mmu_notifier_invalidate_range_start: start=0x7fc6d49af000 end=0x7fc6d49b3000
      kvm_tdp_mmu_spte_changed:                gfn=0x1000 level=1 old_spte=0x0 new_spte=0x1014ece67
      kvm_mmu_notifier_invalidate_range_end:   start=0x7fc6d49af000 end=0x7fc6d49b3000   <- gfn 0x1000 lies there
      """)
}
