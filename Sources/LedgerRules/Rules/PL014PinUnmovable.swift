internal import LedgerCore
internal import LedgerReplay

/// A long-term pin of a page that must stay movable.
struct PL014PinUnmovable: Rule {
  let marks: Transition.Marks = .pinUnmovable
  let requirements = Requirements(
    all: [.pageRefMod, .pageRefModAndTest], any: [[.gupFast, .gupSlow]], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isZone = transition.marks.contains(.movableZone)
    return Charge(
      verdict: .likely, severity: .high, variant: isZone ? "zone" : "migratetype",
      pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title:
        "\(transition.place) pinned for long in \(charge.variant == "zone" ? "ZONE_MOVABLE" : "a pageblock of CMA or under isolation")",
      advice:
        "the pin must be taken with FOLL_LONGTERM through pin_user_pages(), which moves such pages away first",
      doubt: charge.variant == "zone"
        ? "false if the kernel's zones are not those of x86-64, against what the allocations show"
        : "false if the pageblock became one of CMA or isolation only after the page was checked",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL014", name: "long-term pin where none is allowed", severity: .high,
    summary:
      "A page of ZONE_MOVABLE, of a CMA or of an isolated pageblock stays pinned by FOLL_LONGTERM.",
    truth: """
      ZONE_MOVABLE, CMA and isolated pageblocks promise that their pages can be moved. A pin of unbounded duration breaks that promise, so FOLL_LONGTERM has to \
      move the page away before it pins.
      """,
    versions: "5.13 on; the values of FOLL_LONGTERM and FOLL_PIN changed at 6.3",
    needs: ["probes on get_user_pages (with return)", "page_ref:*"],
    proof: """
      get_user_pages with FOLL_LONGTERM|FOLL_PIN took a page with mt=4 or above, or one whose flags say ZONE_MOVABLE, and the pin is still \
      there at the end of the capture. Where the zone stands in page flags must follow from the allocations in the capture.
      """,
    lookAlikes: """
      The slow path pins, checks, unpins and moves: pins that go away again; mt=1, which is only a movable pageblock; pins without FOLL_LONGTERM.
      """,
    undecidable:
      "Large folios, whose pins are not in _refcount; the zone, where page flags are printed as names or no allocation proves where it stands.",
    fix: "pin_user_pages(FOLL_LONGTERM).",
    source:
      "include/linux/mm.h:is_longterm_pinnable_page; mm/gup.c:check_and_migrate_movable_pages",
    example: """
      __get_user_pages: start=0x7f02c6c00000 nr=1 gup_flags=0x50001
      page_ref_mod:     pfn=0x120000 count=1025 mt=4 val=1024
      """)
}
