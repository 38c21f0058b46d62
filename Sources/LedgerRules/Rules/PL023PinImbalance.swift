internal import LedgerCore
internal import LedgerReplay

/// Pins and references were mixed up.
struct PL023PinImbalance: Rule {
  let marks: Transition.Marks = [.unpinWithoutPin, .putOfPin]
  let requirements = Requirements(
    all: [.pageRefMod, .pageRefModAndTest, .pageRefModUnless, .pageAlloc], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isUnpin = transition.marks.contains(.unpinWithoutPin)
    return Charge(
      verdict: isUnpin && transition.marks.contains(.negative) ? .proven : .likely, severity: .high,
      variant: isUnpin ? "unpin" : "put", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let isUnpin = charge.variant == "unpin"
    return Story(
      title: isUnpin
        ? "\(transition.place) unpinned without a pin"
        : "plain puts have eaten into a pin of \(transition.place)",
      advice: "pair pin_user_pages() with unpin_user_page() and get_user_pages() with put_page()",
      doubt: "false if something else than pins counts in steps of 1,024 on this page")
  }

  let description = RuleDescription(
    id: "PL023", name: "pin imbalance", severity: .high,
    summary: "A pin was released that was not taken, or was put like a plain reference.",
    truth: """
      A pin of a small page is worth 1,024 references. unpin_user_page() on a page from get_user_pages() takes 1,023 too many; put_page() on a pinned \
      page leaves 1,023 that never go.
      """,
    versions: "5.6 on",
    needs: ["page_ref:*", "kmem:mm_page_alloc"],
    proof: """
      On a page that is not compound and was born in the capture: a release of n times 1,024 with fewer pins taken, or a count below 1,024 times \
      the pins after a plain put.
      """,
    lookAlikes:
      "page_frag (32,768), drivers' biases, huge pages that are split: such pages are left out. Pins of compound pages are counted elsewhere.",
    undecidable: "Large folios; pages older than the capture.",
    fix: "Use the release that fits.",
    source:
      "mm/gup.c:gup_put_folio, try_grab_page (6.1); Documentation/core-api/pin_user_pages.rst",
    example: """
      page_ref_mod_unless:   pfn=0x1037a3 count=2 val=1 ret=1
      page_ref_mod_and_test: pfn=0x1037a3 count=-1022 val=-1024 ret=0
      """)
}
