internal import LedgerCore
internal import LedgerReplay

/// References on the head of a block, puts on its tails.
struct PL024HeadForTails: Rule {
  let marks: Transition.Marks = .putAfterHeadGrab
  let requirements = Requirements(
    all: [.pageRefModUnless, .pageRefModAndTest, .pageAlloc], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    Charge(
      verdict: transition.marks.contains(.dark) ? .likely : .proven, severity: .critical,
      variant: "tail", pid: transition.event.pid, dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "\(transition.place) put for a reference that was taken on the head",
      advice:
        "the caller took a block without __GFP_COMP for a compound page: map it by pfn with special entries, 4 KiB each",
      doubt: "false if the tail had got a reference of its own that the capture does not show",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL024", name: "reference on the head, put on the tails", severity: .critical,
    summary:
      "Several references were taken at once on the head of a plain block, and its tails were put.",
    truth: """
      GUP-fast on a huge entry takes all references on the first page and hands out the others. For a compound page the puts find their way to \
      the head; the tails of a plain block have no way there, so their counts go below zero and the head is never freed.
      """,
    versions:
      "up to 5.15 with TTM's huge faults; any code that takes a plain block for a compound one",
    needs: ["page_ref:*", "kmem:mm_page_alloc"],
    proof:
      "page_ref_mod_unless of more than 1 with ret=1 on the head of a plain block, then page_ref_mod_and_test below 0 on a tail.",
    lookAlikes: "Compound pages (puts show the head); split blocks with references of their own.",
    undecidable: "The block is older than the capture: PL003 still shows the underflow.",
    fix: "Special entries, or compound pages.",
    source: "mm/gup.c:gup_huge_pmd, try_grab_compound_head (5.10)",
    example: """
      page_ref_mod_unless:   pfn=0x109400 count=9 val=8 ret=1
      page_ref_mod_and_test: pfn=0x109401 count=-1 val=-1 ret=0
      """)
}
