internal import LedgerCore
internal import LedgerReplay

/// A reference that nobody gives back, or pages that nobody frees.
struct PL021Leak: Rule {
  let marks: Transition.Marks = [.orphaned, .leaked]
  let requirements = Requirements(
    all: [.pageAlloc, .pageFree, .pageRefSet, .pageRefMod, .pageRefModAndTest],
    restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    guard transition.marks.contains(.orphaned) else {
      return Charge(
        verdict: .suspect, severity: .info, variant: "growth", pid: transition.event.pid,
        isPerTask: true)
    }
    return Charge(
      verdict: .likely, severity: .medium, variant: "orphan", pid: transition.event.pid,
      alsoNeeds: [.freePages])
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    guard charge.variant == "orphan" else {
      return Story(
        title: "pages allocated by one task, never used by anybody else and never freed",
        advice:
          "look who keeps these pages; if it is a cache or a ring that lives on, nothing is wrong",
        doubt: "false if the owner frees them after the end of the capture")
    }
    return Story(
      title: "\(transition.place) was freed by its owner, but a reference stays",
      advice:
        "find the get without a put in the history of the page: the page can never be used again",
      doubt: "false if its holder gives the reference back after the end of the capture",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL021", name: "leaked page or reference", severity: .medium,
    summary:
      "The owner freed a page that keeps a reference to the end, or one task's pages are never freed.",
    truth: """
      When __free_pages() does not bring the count to zero, the last put frees the page. If that put never comes, the page is lost. Pages that \
      are allocated in numbers, used by nobody else and never freed are lost the same way.
      """,
    versions: "all",
    needs: [
      "page_ref:*", "kmem:mm_page_alloc", "kmem:mm_page_free",
      "probe on __free_pages (with vmemmap=@vmemmap_base)",
    ],
    proof: """
      Orphan: __free_pages, its put with ret=0, and no further event of the page for the rest of the capture (a millisecond at least). Growth: 24 or \
      more pages of one task, gfp and order of which nothing more was heard; page cache, page tables, slab and what is charged to \
      processes are left out by their gfp flags.
      """,
    lookAlikes:
      "Page cache, slab, page_pool, hugetlb pool, balloon, TTM's pool, kernel stacks, ring buffers: kept by design.",
    undecidable: "Events were lost or filtered, or the capture ends right after the free.",
    fix: "Pair gets and puts; free what was allocated.",
    source: "mm/page_alloc.c:__free_pages",
    example: """
      page_ref_mod:          pfn=0x108ed5 count=2 val=1
      __free_pages:          pfn=0x108ed5 order=0
      page_ref_mod_and_test: pfn=0x108ed5 count=1 val=-1 ret=0  <- the last event of the page
      """)
}
