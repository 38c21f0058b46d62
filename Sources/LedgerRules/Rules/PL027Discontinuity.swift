internal import LedgerCore
internal import LedgerReplay

/// The counts of a page do not chain: something changed it that the capture does not show.
struct PL027Discontinuity: Rule {
  let marks: Transition.Marks = .discontinuity
  let requirements = Requirements(
    all: [.pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModUnless, .pageRefFreeze],
    restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    return Charge(
      verdict: .likely, severity: .info, variant: "chain", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "the count of \(transition.place) does not follow from the events before",
      advice:
        "record with -C global, a larger buffer and no filter; rebuild modules that change counts with CONFIG_DEBUG_PAGE_REF",
      doubt:
        "this concerns the capture, not the kernel: other findings on this page deserve less trust")
  }

  let description = RuleDescription(
    id: "PL027", name: "ledger discontinuity", severity: .info,
    summary: "A sampled count differs from what the events before it add up to.",
    truth:
      "Every change of _refcount is traced in a kernel with CONFIG_DEBUG_PAGE_REF, so the counts of a page must chain.",
    versions: "all",
    needs: ["page_ref:*"],
    proof:
      "A count that differs from the ledger and stays different at the next event of the page; likely at best, as damage may be what broke the chain.",
    lookAlikes:
      "Events of two CPUs at one time; a sample taken after another CPU's atomic operation.",
    undecidable: "It speaks of the capture only.",
    fix: "Record without loss, with a clock that orders CPUs.",
    source: "include/linux/page_ref.h",
    example: """
      page_ref_mod: pfn=0x5100 count=2 val=1
      page_ref_mod: pfn=0x5100 count=5 val=1             <- 3 expected
      """)
}
