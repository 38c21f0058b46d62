internal import LedgerCore
internal import LedgerReplay

/// A page went back to the allocator while references to it existed.
struct PL004FreedReferenced: Rule {
  let marks: Transition.Marks = .freedReferenced
  let requirements = Requirements(
    all: [
      .pageFree, .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModUnless, .pageRefFreeze,
    ], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let variant = transition.marks.contains(.tail) ? "tail" : "head"
    return Charge(
      verdict: .proven, severity: .critical, variant: variant, pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let count = transition.before.count.map(String.init) ?? "unknown"
    return Story(
      title: "\(transition.place) freed while its count was \(count)",
      advice: "free the page only by the last put; find the holder whose reference was ignored",
      doubt: "false if a put was not recorded: a module whose page_ref calls are not traced")
  }

  let description = RuleDescription(
    id: "PL004", name: "freed while referenced", severity: .critical,
    summary: "mm_page_free of a page, or of a tail of its block, whose count is above 0.",
    truth: """
      Every regular free follows a count of 0 in the same task: a put with ret=1, a freeze, or a set to 0. The kernel checks this after \
      mm_page_free is traced, and not at all on many production kernels.
      """,
    versions: "all",
    needs: ["kmem:mm_page_free", "kmem:mm_page_alloc", "page_ref:*"],
    proof:
      "mm_page_free while the ledger holds a count above 0 for the page or for a tail of the block.",
    lookAlikes:
      "Pages that never had a reference: the tail path of __free_pages(), alloc_pages_exact(), frozen pages (6.14).",
    undecidable: "Events lost after the last get; page_ref not recorded.",
    fix: "Put instead of freeing, or wait for the holders.",
    source: "mm/page_alloc.c:free_pages_prepare, page_bad_reason",
    example: """
      page_ref_mod: pfn=0x5100 count=2 val=1
      mm_page_free: pfn=0x5100 order=0                   <- count is 2
      """)
}
