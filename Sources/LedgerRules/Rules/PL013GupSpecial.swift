internal import LedgerCore
internal import LedgerReplay

/// get_user_pages got through to a page that is mapped by pfn.
struct PL013GupSpecial: Rule {
  let marks: Transition.Marks = .gupSpecial
  let requirements = Requirements(
    all: [.unmapRange, .moveTables],
    any: [
      [.insertPfn, .insertHuge, .remapRange], [.gupFast, .gupSlow],
      [.gupFastReturn, .gupSlowReturn], [.pageRefModUnless, .pageRefMod, .grabReturn],
    ], restsOnAbsence: true,
    assurance: .init(
      any: [[.pageRefModUnless, .pageRefMod]],
      words: "page_ref:*: a probe on try_grab_folio does not show every reference"))

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isHuge = transition.related.first?.kind == .insertHuge
    let isObjects = transition.marks.contains(.ofObject)
    return Charge(
      verdict: isObjects ? .likely : .proven, severity: .critical,
      variant: isObjects ? "object" : isHuge ? "huge" : "entry", pid: transition.event.pid)
  }

  private static func way(_ variant: String) -> String {
    switch variant {
    case "huge": "through a huge PFN mapping"
    case "entry": "through a PFN entry"
    default: "from a buffer object"
    }
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title:
        "get_user_pages took \(transition.place) \(Self.way(charge.variant))",
      advice: """
        install the entries as special ones: vmf_insert_pfn() in a VM_PFNMAP vma; no huge entries on kernels without pmd_special (before 6.12)
        """,
      doubt: "false if the process had replaced the entry by a page of its own, unseen",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL013", name: "get_user_pages through a PFN mapping", severity: .critical,
    summary: "get_user_pages returned a page that the process maps by pfn.",
    truth: """
      PFN mappings must be opaque to get_user_pages: the driver moves and frees that memory by its own rules and does not look at counts. \
      A reference taken there keeps nothing alive, and its put may free a page under the driver.
      """,
    versions: "all",
    needs: [
      "probes on get_user_pages (internal_get_user_pages_fast, __get_user_pages, with return), vmf_insert_pfn_prot, unmap_page_range, move_page_tables",
      "page_ref:*",
    ],
    proof: """
      Between entry and successful return of get_user_pages: a reference taken on a page which a PFN entry at one of the addresses \
      asked for maps, and not given back before the return.
      """,
    lookAlikes: """
      An anonymous copy inside a private PFN mapping; the reference KVM takes by itself on the head of a block (5.13 to 6.12); references that \
      GUP-fast takes and drops again.
      """,
    undecidable: "Without probes on get_user_pages and on the insertion.",
    fix: "Special entries, VM_PFNMAP.",
    source: "mm/gup.c:check_vma_flags, gup_pte_range, gup_huge_pmd",
    example: """
      vmf_insert_pfn_pmd:   addr=0x7f02c6c00000 pfn=0x109400
      get_user_pages_fast:  start=0x7f02c6c00000 nr=1
      page_ref_mod_unless:  pfn=0x109400 count=2 val=1 ret=1
      get_user_pages_fast_ret: ret=0x1
      """)
}
