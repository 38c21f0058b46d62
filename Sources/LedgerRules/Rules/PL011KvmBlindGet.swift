internal import LedgerCore
internal import LedgerReplay

/// KVM took a reference on a page that is not counted.
struct PL011KvmBlindGet: Rule {
  let marks: Transition.Marks = .guestGet
  let requirements = Requirements(
    all: [.pageRefMod], any: [[.kvmPageFault, .hvaToPfn]], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, !transition.marks.contains(.maybePoisoned) else { return nil }
    let isPlainTail = transition.marks.contains(.tail) && transition.block?.kind == .plain
    guard isPlainTail || transition.marks.contains(.getFromZero) else { return nil }
    return Charge(
      verdict: isPlainTail ? .proven : .likely, severity: .critical,
      variant: isPlainTail ? "tail" : "page", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "KVM took a reference on \(transition.place), which is not counted",
      advice: """
        update to a kernel with commit f8be156be163 (5.13 and stable kernels: KVM refuses) or to 6.13 (maps without a reference): the put of this \
        reference hands the page to the allocator while its owner uses it
        """,
      doubt: "false if the get was made for something else than the guest's fault that it lies in")
  }

  let description = RuleDescription(
    id: "PL011", name: "KVM referenced a page that is not counted", severity: .critical,
    summary: "In a guest's page fault a count was raised from zero without a test.",
    truth: """
      Up to 5.12 KVM called get_page() on every pfn with a struct page. On a tail of a block without __GFP_COMP this raises the count from 0 to 1, \
      and the put at the end of the fault frees that page of a live buffer: memory shared between guest and host (CVE-2021-22543).
      """,
    versions: "up to 5.12 and stable kernels without f8be156be163",
    needs: ["kvm:kvm_page_fault", "page_ref:page_ref_mod", "kmem:mm_page_alloc"],
    proof:
      "kvm_page_fault, then in the same task page_ref_mod from 0 to 1 on a tail of a plain block before the fault ends.",
    lookAlikes:
      "Anonymous and shared memory, whose count is above 0; reserved pages, which leave no event.",
    undecidable: "The block is older than the capture: then it is likely at best.",
    fix: "Update the kernel.",
    source: "virt/kvm/kvm_main.c:kvm_get_pfn (5.10); commit f8be156be163",
    example: """
      kvm_page_fault:        address=0x1001000
      page_ref_mod:          pfn=0x1401 count=1 val=1           <- page 1 of the block at 0x1400
      page_ref_mod_and_test: pfn=0x1401 count=0 val=-1 ret=1
      mm_page_free:          pfn=0x1401 order=0
      """)
}
