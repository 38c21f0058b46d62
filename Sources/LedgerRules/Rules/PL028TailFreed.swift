internal import LedgerCore
internal import LedgerReplay

/// One page of a live block went back to the allocator: two owners.
struct PL028TailFreed: Rule {
  let marks: Transition.Marks = .tailFreed
  let requirements = Requirements(
    all: [.pageAlloc, .pageFree, .pageRefSet, .pageRefModAndTest], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, let block = transition.block else { return nil }
    let wasRaised = transition.marks.contains(.tailWasRaised)
    // A compound tail has no count of its own, so without one raised by hand it cannot be freed alone.
    if block.kind != .plain, !wasRaised { return nil }
    let variant = wasRaised ? "get" : transition.marks.contains(.tailWasSet) ? "set" : "direct"
    return Charge(
      verdict: wasRaised && block.kind != .unknown ? .proven : .likely, severity: .critical,
      variant: variant, pid: transition.event.pid, dependsOnOthers: !wasRaised)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "\(transition.place) freed alone while the block is in use",
      advice: """
        the allocator hands this page to its next caller while the block's owner still uses it: find the put that freed it, and do not take \
        references on pages of this block
        """,
      doubt: charge.variant == "set"
        ? "false if the block was split: only this page got a count, the other tails did not"
        : "false if the block was split in a way that the recorded events do not show")
  }

  let description = RuleDescription(
    id: "PL028", name: "tail of a live block freed alone", severity: .critical,
    summary: "mm_page_free of a page strictly inside a block that is still allocated.",
    truth:
      "The block's owner goes on using the page while the allocator gives it to somebody else.",
    versions: "all",
    needs: ["kmem:mm_page_alloc", "kmem:mm_page_free", "page_ref:*"],
    proof: "mm_page_free of a page inside a live block that was not split.",
    lookAlikes: """
      split_page(), alloc_pages_exact() (the rest is freed without a reference), the tail path of __free_pages() while the head is held (5.10 on).
      """,
    undecidable: "The block's birth or kind is not known, or events were lost.",
    fix: "Do not get and put tails of non-compound blocks.",
    source: "mm/page_alloc.c:__free_pages; what commit f8be156be163 prevents in KVM",
    example: """
      mm_page_alloc:         pfn=0x1009b8 order=3
      page_ref_mod:          pfn=0x1009be count=1 val=1
      page_ref_mod_and_test: pfn=0x1009be count=0 val=-1 ret=1
      mm_page_free:          pfn=0x1009be order=0        <- the block is in use
      """)
}
