internal import LedgerCore
internal import LedgerReplay

/// A normal page table entry for memory that its owner manages by pfn.
struct PL015NormalOnPlain: Rule {
  let marks: Transition.Marks = .normalOnPlain
  let requirements = Requirements(
    all: [.pageAlloc],
    any: [[.insertPage, .insertPages], [.pageRefMod, .insertPageReturn, .insertPagesReturn]],
    restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isGrabbed = transition.marks.contains(.grabbed)
    let isObjects = transition.marks.contains(.ofObject)
    return Charge(
      verdict: isObjects ? .likely : .proven, severity: isGrabbed ? .high : .medium,
      variant: isObjects ? "object" : "head",
      pid: transition.event.pid, dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let what = transition.marks.contains(.grabbed) ? ", and get_user_pages took it" : ""
    return Story(
      title:
        "vm_insert_page of \(transition.place), \(charge.variant == "object" ? "memory of a buffer object" : "a block without __GFP_COMP")\(what)",
      advice: """
        map it with vmf_insert_pfn() and VM_PFNMAP, or allocate pages that carry references of their own (order 0, split_page(), __GFP_COMP)
        """,
      doubt:
        "false if the block was made compound or split in a way that the recorded events do not show",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL015", name: "normal entry for PFN-managed memory", severity: .medium,
    summary: "vm_insert_page() of the first page of a block whose tails are not counted.",
    truth: """
      A normal entry takes a reference and can be found by get_user_pages. The head of a block without __GFP_COMP can carry one, its tails cannot, \
      so the mapping works for its first page only, and a reference on the head turns the block's free into frees of its parts.
      """,
    versions: "all",
    needs: [
      "probe on vm_insert_page (with vmemmap=@vmemmap_base)", "kmem:mm_page_alloc",
      "page_ref:page_ref_mod",
    ],
    proof: """
      vm_insert_page of the head of a live plain block, and the reference it takes (or its return 0); likely: a page that \
      ttm_pool_alloc allocated for an object that still has it. High when get_user_pages then takes the page.
      """,
    lookAlikes: """
      io_uring, perf, packet rings, vmalloc: their pages are order 0, split or compound. vmf_insert_mixed() writes special entries on x86 (6.1).
      """,
    undecidable: "The block is older than the capture.",
    fix: "Map by pfn, or use counted pages.",
    source: "mm/memory.c:vm_insert_page, insert_page_into_pte_locked (6.1)",
    example: """
      mm_page_alloc:  pfn=0x1092dc order=2 without __GFP_COMP
      vm_insert_page: addr=0x7f02c6d21000 pfn=0x1092dc
      page_ref_mod:   pfn=0x1092dc count=2 val=1
      """)
}
