internal import LedgerCore
internal import LedgerReplay

/// A block was freed with an order that is not its own.
struct PL026OrderDiffers: Rule {
  let marks: Transition.Marks = .orderDiffers
  let requirements = Requirements(
    all: [.pageAlloc, .pageFree, .pageRefSet], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, let block = transition.block else { return nil }
    let isLarger = transition.event.order > block.order
    let pages: UInt64 = 1 << UInt64(max(transition.event.order, block.order))
    var charge = Charge(
      verdict: .likely, severity: isLarger ? .critical : .high,
      variant: isLarger ? "larger" : "smaller", pid: transition.event.pid,
      pages: block.head...block.head &+ pages &- 1)
    if block.kind != .unknown, !transition.marks.contains(.doubtful) {
      charge.disagreement = "\(block.order) \(transition.event.order)"
    }
    return charge
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let order = transition.block.map { "order-\($0.order)" } ?? ""
    let isLarger = charge.variant == "larger"
    let other =
      isLarger
      ? "the block was joined with its neighbour in a way that leaves no event"
      : "the block was split in a way that the recorded events do not show"
    return Story(
      title: "\(order) block at \(hex(transition.pfn)) freed with order \(transition.event.order)",
      advice: "free the block with the order it was allocated with, or split_page() it first",
      doubt: charge.verdict == .proven
        ? "false if \(other)"
        : "false if one of the two records is damaged: no other block is told to differ in the same way; or if \(other)"
    )
  }

  let description = RuleDescription(
    id: "PL026", name: "alloc and free order disagree", severity: .high,
    summary: "mm_page_free of a live block with another order than its mm_page_alloc.",
    truth:
      "A larger order hands out pages of strangers; a smaller one leaks the rest of the block.",
    versions: "all",
    needs: ["kmem:mm_page_alloc", "kmem:mm_page_free", "page_ref:page_ref_set"],
    proof: """
      mm_page_free of the head of a live, unsplit block with a different order, of two blocks or more: of one alone, a damaged record \
      looks the same.
      """,
    lookAlikes:
      "split_page(), alloc_pages_exact(), THP split, the tail path of __free_pages(), mm_page_free_batched (prints order=0 always).",
    undecidable: "The allocation is older than the capture, or events were lost.",
    fix: "Use one order.",
    source: "mm/page_alloc.c:__free_pages, free_pages_prepare",
    example: """
      mm_page_alloc: pfn=0x5100 order=3
      mm_page_free:  pfn=0x5100 order=2
      """)
}
