internal import LedgerCore
internal import LedgerReplay

/// KVM was refused a reference on a page that is not counted, and the guest got -EFAULT.
struct PL010KvmRefused: Rule {
  let marks: Transition.Marks = .kvmRefused
  let requirements = Requirements(
    all: [.pageRefModUnless],
    any: [[.kvmPageFault, .hvaToPfn], [.kvmUserspaceExit, .hvaToPfnReturn, .kvmSpteRequested]],
    restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    guard let fault = transition.fault else { return nil }
    let isPlainTail = transition.marks.contains(.tail) && transition.block?.kind == .plain
    let isBlurred = fault.isBlurred || fault.lacksError
    let verdict: Verdict
    switch (fault.isConfirmed, isPlainTail) {
    case (true, true): verdict = isBlurred ? .likely : .proven
    case (true, false): verdict = isBlurred ? .suspect : .likely
    case (false, true): verdict = fault.isBlurred ? .suspect : .likely
    case (false, false): return nil
    }
    let variant = isPlainTail ? "tail" : transition.before.life == .free ? "free" : "page"
    return Charge(
      verdict: verdict, severity: .high, variant: variant, pid: transition.event.pid,
      alsoNeeds: fault.isConfirmed ? [] : [.kvmSpteRequested])
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let what =
      switch charge.variant {
      case "tail": "tail pages of a block without __GFP_COMP"
      case "free": "a page that is free"
      default: "a page at count 0"
      }
    return Story(
      title: "KVM was refused \(what): the guest gets -EFAULT",
      advice: """
        Linux 6.13 and later map such memory without a reference; before that the exporter must provide pages that are counted (order 0 \
        or __GFP_COMP), or the buffer must not be mapped into a guest
        """,
      doubt: doubt(transition, charge),
      extra: events(transition), showsHistory: false)
  }

  private func doubt(_ transition: Transition, _ charge: Charge) -> String {
    guard let fault = transition.fault, fault.isConfirmed else {
      return
        "the capture does not show how KVM ended the fault: false if the guest was served later"
    }
    if fault.lacksError {
      return "false if KVM ended the call with another error: the text leaves out its number"
    }
    if charge.variant == "free" {
      return "false if the page was allocated again in a way that leaves no event"
    }
    guard transition.block != nil else {
      return
        "the page's allocation is older than the capture: false if the page was in the middle of being freed"
    }
    return
      "false if the fault failed for another reason after the refusal, as no recorded event says"
  }

  private func events(_ transition: Transition) -> [Event] {
    guard let fault = transition.fault else { return [] }
    return [fault.fault, fault.lookup, fault.refusal, fault.lookupFailure, fault.exit].compactMap {
      $0
    }
  }

  let description = RuleDescription(
    id: "PL010", name: "KVM refused a page without a reference count", severity: .high,
    summary:
      "A guest's page fault failed with -EFAULT because KVM could not take a reference on the page behind it.",
    truth: """
      When user memory is mapped by pfn (VM_PFNMAP), KVM looks the pfn up in the page table and asks for a reference with \
      get_page_unless_zero(). Tail pages of a block without __GFP_COMP have a count of 0, so every page but the first is refused and \
      KVM_RUN returns -EFAULT. Nothing is corrupted; the guest cannot use the buffer.
      """,
    versions: "5.13 to 6.12 (and stable kernels with f8be156be163); impossible from 6.13",
    needs: [
      "kvm:kvm_page_fault", "kvm:kvm_userspace_exit", "kvmmmu:*", "page_ref:page_ref_mod_unless",
      "kmem:mm_page_alloc",
    ],
    proof: """
      In one task: kvm_page_fault, page_ref_mod_unless with ret=0, no kvm_mmu_spte_requested, then kvm_userspace_exit with errno -14 or \
      hva_to_pfn returning 0x7ff0000000000000; and the mm_page_alloc of the block shows no __GFP_COMP.
      """,
    lookAlikes:
      "Scanners (compaction, KSM, DAMON) that are refused in other tasks; -EFAULT without a refusal (no memslot, poisoned page).",
    undecidable:
      "Text of trace-cmd report hides the errno; without a probe on hva_to_pfn the end of the fault is not known.",
    fix: "Linux 6.13, or counted pages behind the buffer.",
    source:
      "virt/kvm/kvm_main.c:hva_to_pfn_remapped, kvm_try_get_pfn (5.13 to 6.12); commit f8be156be163",
    example: """
      mm_page_alloc:       pfn=0x1400 order=10 gfp_flags=0x192dc4
      kvm_page_fault:      address=0x1001000
      page_ref_mod_unless: pfn=0x1401 count=0 val=1 ret=0      <- page 1 of the block
      kvm_userspace_exit:  errno=-14
      """)
}
