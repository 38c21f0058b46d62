internal import LedgerCore
internal import LedgerReplay

/// The owner changed a count on purpose, to catch others who use it.
struct PL022MangledCount: Rule {
  let marks: Transition.Marks = [.mangled, .biased]
  let requirements = Requirements(
    all: [.pageAlloc, .pageRefSet, .pageRefMod], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    let variant = transition.marks.contains(.mangled) ? "zeroed" : "biased"
    return Charge(verdict: .proven, severity: .info, variant: variant, pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let how =
      charge.variant == "zeroed"
      ? "set to 0 by its owner"
      : "changed by \(transition.event.value), more than any reference pattern of the kernel"
    return Story(
      title: "count of \(transition.place) \(how): a debugging aid",
      advice: """
        nothing to repair: rules about counts are silent on this block while it lasts; a get from 0 in that time is what the aid is meant to \
        expose
        """,
      doubt: transition.marks.contains(.doubtful)
        ? "false if the record is damaged: the count that it tells does not have what it adds"
        : "false if the change was meant as a reference")
  }

  let description = RuleDescription(
    id: "PL022", name: "count mangled on purpose", severity: .info,
    summary:
      "The owner of a block set its count to 0, or added a huge constant, as a debugging aid.",
    truth: """
      A patch posted for TTM ("prevent grabbing page references") sets the count of a new block to 0 and back to 1 before the free, so that \
      any get shows at once. Other aids add a large constant.
      """,
    versions: "kernels with such a patch",
    needs: ["page_ref:*", "kmem:mm_page_alloc"],
    proof: "page_ref_set to 0 on the head of a live block; or page_ref_mod by 16,777,216 or more.",
    lookAlikes:
      "Boot and memory hotplug (set to 0 without an allocation), page_frag (+32,768), NIC bias (65,534), pins (1,024 each).",
    undecidable: "The allocation is older than the capture.",
    fix: "None.",
    source: "drivers/gpu/drm/ttm/ttm_pool.c, patch 20220927143529.135689-1 (not merged)",
    example: """
      mm_page_alloc: pfn=0x100924 order=2
      page_ref_set:  pfn=0x100924 count=0 val=0
      page_ref_set:  pfn=0x100924 count=1 val=1
      """)
}
