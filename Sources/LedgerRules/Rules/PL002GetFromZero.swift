internal import LedgerCore
internal import LedgerReplay

/// A get raised a count of zero: the page belonged to nobody who held a reference.
struct PL002GetFromZero: Rule {
  let marks: Transition.Marks = [.getFromZero, .getFromUnseenZero]
  let requirements = Requirements(
    all: [.pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefFreeze], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, !transition.marks.contains(.maybePoisoned) else { return nil }
    let isPlainTail = transition.marks.contains(.tail) && transition.block?.kind == .plain
    guard !isPlainTail else { return nil }
    if transition.marks.contains(.getFromUnseenZero) {
      return Charge(
        verdict: .likely, severity: .critical, variant: "unseen", pid: transition.event.pid)
    }
    let variant = transition.marks.contains(.afterFree) ? "after-free" : "get"
    return Charge(
      verdict: .proven, severity: .critical, variant: variant, pid: transition.event.pid,
      dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: title(transition, charge),
      advice: """
        take the reference with get_page_unless_zero() or folio_try_get() and handle the refusal; find out who still holds a pointer \
        to this page
        """,
      doubt: transition.marks.contains(.doubtful) ? Story.setMayBeMissing : Self.doubt)
  }

  private static let doubt = """
    false if the owner keeps the page at count 0 on purpose and restores it by page_ref_inc(): memory failure handling and \
    virtio-mem do that
    """

  private func title(_ transition: Transition, _ charge: Charge) -> String {
    switch charge.variant {
    case "after-free": "use after free: get on \(transition.place), which is free"
    case "unseen": "get on \(transition.place) at count 0; it was not seen before in this capture"
    default: "get on \(transition.place) at count 0"
    }
  }

  let description = RuleDescription(
    id: "PL002", name: "get on a zero refcount", severity: .critical,
    summary: "A get raised a count of 0: somebody used a pointer to a page that nobody owned.",
    truth: """
      page_ref_inc() and page_ref_add() expect that the caller's page is held. On 0 the page may be free or about to be. With \
      CONFIG_DEBUG_VM get_page() stops before the atomic operation; the raw helpers and production kernels go through.
      """,
    versions: "all",
    needs: ["page_ref:*"],
    proof:
      "page_ref_mod with val above 0 and count equal to val, while the ledger holds 0 and no page_ref_freeze made it 0.",
    lookAlikes:
      "THP split (freeze of the head, then page_ref_mod from 0), memory failure handling, virtio-mem offlining.",
    undecidable: "The first events of a page right after the capture starts or after a loss.",
    fix: "get_page_unless_zero() or folio_try_get(), and handle failure.",
    source: "include/linux/mm.h:get_page, include/linux/page_ref.h; commit f8be156be163",
    example: """
      page_ref_mod: pfn=0x1037a3 count=0 val=-1
      page_ref_mod: pfn=0x1037a3 count=1 val=1           <- 0 -> 1
      """)
}
