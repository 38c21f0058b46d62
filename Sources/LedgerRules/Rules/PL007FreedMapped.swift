internal import LedgerCore
internal import LedgerReplay

/// A page was freed while a PFN entry of a process still maps it.
struct PL007FreedMapped: Rule {
  let marks: Transition.Marks = .freedMapped
  let requirements = Requirements(
    all: [.pageFree, .unmapRange, .moveTables],
    any: [[.insertPfn, .insertHuge, .remapRange]], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isSure = !transition.marks.contains(.inferred)
    // A private mapping loses the entry when it is written to: only a probe there tells.
    let isPrivate = transition.marks.contains(.privateEntry)
    return Charge(
      verdict: isSure ? .proven : .likely, severity: .critical, variant: "freed",
      pid: transition.event.pid, alsoNeeds: isPrivate ? [.writeCopy] : [])
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let address = transition.related.first.map { " at \(hex($0.word))" } ?? ""
    return Story(
      title: "\(transition.place) freed while a process maps it\(address)",
      advice: """
        zap the entries before the pages are released: unmap_mapping_range(), or ttm_bo_unmap_virtual() for a TTM object
        """,
      doubt: charge.verdict == .proven
        ? "false if the entry was removed by a path without a probe (hugetlb, a renamed function)"
        : "false if the insertion failed: no recorded event shows its result",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL007", name: "page freed while a PFN entry maps it", severity: .critical,
    summary: "mm_page_free of a page that a page table still maps by pfn.",
    truth: """
      PFN entries hold no reference, so nothing keeps the page: the owner must remove them before it frees. After the free the process \
      reads and writes whatever gets the page next.
      """,
    versions: "all",
    needs: [
      "probes on vmf_insert_pfn_prot and remap_pfn_range (with return), unmap_page_range, move_page_tables, copy_page_range, wp_page_copy",
      "kmem:mm_page_free",
    ],
    proof: """
      An insertion into an empty entry, no unmap_page_range over its address since, no mremap, no copy on write; then mm_page_free of the page.
      """,
    lookAlikes: """
      An insertion into an entry that was not empty (the old page stays); entries moved by mremap; copies that a fork made; \
      device memory that no allocator frees.
      """,
    undecidable:
      "The mapping is older than the capture, or a probe is missing or missed calls (kprobe_profile).",
    fix: "Unmap first, free then.",
    source:
      "mm/memory.c:insert_pfn, unmap_page_range; drivers/gpu/drm/ttm/ttm_bo.c:ttm_bo_unmap_virtual",
    example: """
      vmf_insert_pfn:   addr=0x7f02c6d21000 pfn=0x108f80
      mm_page_free:     pfn=0x108f80 order=2             <- no unmap_page_range in between
      unmap_page_range: addr=0x7f02c6d21000 ...
      """)
}
