internal import LedgerCore
internal import LedgerReplay

/// A buffer object was moved while its old pages are still mapped.
struct PL020MovedMapped: Rule {
  let marks: Transition.Marks = .movedMapped
  let requirements = Requirements(
    all: [.objectMove, .objectMoveReturn, .objectMmap, .unmapRange, .moveTables],
    any: [[.insertPfn, .insertHuge]], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    let isSure = !transition.marks.contains(.inferred)
    return Charge(
      verdict: isSure ? .proven : .likely, severity: .critical, variant: "move",
      pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "buffer object moved while \(transition.place) is still mapped",
      advice:
        "call ttm_bo_unmap_virtual() before the move: the process goes on using the old place",
      doubt: "false if the entries were removed by a path without a probe",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL020", name: "buffer object moved while mapped", severity: .critical,
    summary: "ttm_bo_handle_move_mem() returned 0 with PFN entries of the old pages alive.",
    truth: """
      A move, an eviction or a swap-out gives the object other pages. Every entry of the old ones must be removed first; a process that keeps one \
      works on memory that is about to have another owner.
      """,
    versions: "all with TTM",
    needs: [
      "probes on ttm_bo_handle_move_mem (with return), ttm_bo_mmap_obj, vmf_insert_pfn_prot (with return), unmap_page_range, move_page_tables"
    ],
    proof:
      "Entries inserted through a vma of the object before the move began, and not removed when it returns 0.",
    lookAlikes:
      "Objects that nobody maps; objects unmapped earlier in the same reservation; moves between places of device memory; a vma that the process has unmapped, whose address another one has by now.",
    undecidable: "The mapping is older than the capture.",
    fix: "ttm_bo_unmap_virtual().",
    source: "drivers/gpu/drm/ttm/ttm_bo.c:ttm_bo_handle_move_mem",
    example: """
      vmf_insert_pfn:             addr=0x7f02c6d21000 pfn=0x1400
      ttm_bo_handle_move_mem:     object=0xffff9d4640538000
      ttm_bo_handle_move_mem_ret: ret=0x0                <- no unmap_page_range in between
      """)
}
