internal import LedgerCore
internal import LedgerReplay

/// A page was freed twice without a birth in between.
struct PL005DoubleFree: Rule {
  let marks: Transition.Marks = .freedTwice
  let requirements = Requirements(
    all: [.pageFree, .pageAlloc, .pageRefSet, .pageRefMod, .pageRefModAndTest],
    restsOnAbsence: true)

  /// The variant without a put, which kernels from 6.19 on show in healthy operation too.
  static let silentVariant = "silent"

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    if transition.marks.contains(.putBetween) {
      return Charge(
        verdict: .proven, severity: .critical, variant: "put", pid: transition.event.pid)
    }
    return Charge(
      verdict: .likely, severity: .critical, variant: Self.silentVariant, pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "\(transition.place) freed twice",
      advice: "compare the two frees below: one of the two owners must not free the page",
      doubt:
        "false if the page was allocated in between by a path that leaves no event (contiguous ranges in 6.19 and later)"
    )
  }

  let description = RuleDescription(
    id: "PL005", name: "double free", severity: .critical,
    summary: "Two mm_page_free events of a page without a birth in between.",
    truth:
      "The second free puts a page into the allocator that is there already, or that has another owner by now.",
    versions: "all",
    needs: ["kmem:mm_page_free", "kmem:mm_page_alloc", "page_ref:*"],
    proof:
      "mm_page_free, then mm_page_free of the same page with neither mm_page_alloc nor page_ref_set between them.",
    lookAlikes:
      "mm_page_free_batched (the second event of one free), mm_page_pcpu_drain, memory hotplug, bulk allocation (page_ref_set only).",
    undecidable:
      "page_ref not recorded: vmalloc and page_pool allocate in bulk, without mm_page_alloc.",
    fix: "Free once.",
    source: "mm/page_alloc.c:free_pages_prepare",
    example: """
      mm_page_free: pfn=0x5100 order=0
      page_ref_mod: pfn=0x5100 count=1 val=1
      page_ref_mod_and_test: pfn=0x5100 count=0 val=-1 ret=1
      mm_page_free: pfn=0x5100 order=0                   <- free already
      """)
}
