internal import LedgerCore
internal import LedgerReplay

/// A reference was taken on a tail page of a block without `__GFP_COMP`.
struct PL001TailReference: Rule {
  let marks: Transition.Marks = .getFromZero
  let requirements = Requirements(
    all: [.pageAlloc, .pageFree, .pageRefSet, .pageRefMod], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard transition.marks.contains(.tail), transition.block?.kind == .plain else { return nil }
    guard !transition.isDark, !transition.marks.contains(.maybePoisoned) else { return nil }
    return Charge(
      verdict: .proven, severity: .high, variant: "get", pid: transition.event.pid,
      dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "reference taken on \(transition.place), whose tail pages are not counted",
      advice: """
        allocate the block with __GFP_COMP, or split_page() it if its pages need lives of their own, or leave struct page \
        alone: map by pfn (VM_PFNMAP) and follow mmu notifiers
        """,
      doubt: """
        false if the page was split off its block, or is being poisoned by memory failure handling, in a way that the recorded \
        events do not show
        """)
  }

  let description = RuleDescription(
    id: "PL001", name: "reference on a tail of a non-compound block", severity: .high,
    summary:
      "A get raised the count of a tail page of a block that was allocated without __GFP_COMP.",
    truth: """
      An allocation of order above 0 without __GFP_COMP gives a reference to its first struct page only; the others stay at 0 and \
      nothing links them to the head. A get makes such a tail 0 -> 1; the put that follows makes it 0 again and hands this one page \
      to the buddy allocator while the block is in use.
      """,
    versions: "all",
    needs: ["kmem:mm_page_alloc", "kmem:mm_page_free", "page_ref:*"],
    proof: """
      mm_page_alloc of the block without __GFP_COMP, then page_ref_mod on a page inside it with val above 0 and count equal to \
      val, with no free, page_ref_set or page_ref_unfreeze of that page in between.
      """,
    lookAlikes: """
      split_page() and alloc_pages_exact() (page_ref_set on the tails first), THP split, gigantic pages, a refused attempt \
      (page_ref_mod_unless with ret=0), memory failure handling.
      """,
    undecidable:
      "The block is older than the capture, its gfp flags are blank, or events were lost.",
    fix: "Allocate with __GFP_COMP, split the block, or do not touch struct page.",
    source: "mm/page_alloc.c:post_alloc_hook, include/linux/mm.h:get_page; commit f8be156be163",
    example: """
      mm_page_alloc: pfn=0x108f10 order=3 gfp_flags=GFP_KERNEL
      page_ref_mod:  pfn=0x108f15 count=1 val=1          <- page 5 of the block, 0 -> 1
      """)
}
