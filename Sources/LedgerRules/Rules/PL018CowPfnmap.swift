internal import LedgerCore
internal import LedgerReplay

/// A private PFN mapping was written to.
struct PL018CowPfnmap: Rule {
  let marks: Transition.Marks = .cowWritten
  let requirements = Requirements(
    all: [], any: [[.writeCopy, .userFault], [.insertPfn, .remapRange, .writeCopy]],
    restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    // Flags in one record, of a mapping that no other tells of, may be damaged.
    let isConfirmed = !transition.related.isEmpty && !transition.marks.contains(.inferred)
    return Charge(
      verdict: isConfirmed ? .proven : .likely, severity: .medium,
      variant: "write", pid: transition.event.pid,
      dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title:
        "private PFN mapping written to at \(hex(transition.event.word)): the process left \(place(transition)) for a copy",
      advice: "refuse is_cow_mapping() in ->mmap, or clear VM_MAYWRITE",
      doubt:
        "false alarm if a private snapshot of the memory is what the process wants, as with /dev/mem",
      extra: transition.related)
  }

  private func place(_ transition: Transition) -> String {
    guard transition.pfn == Event.noFrame else { return transition.place }
    guard let insertion = transition.related.first, transition.event.word >= insertion.word else {
      return "its page"
    }
    let index = transition.event.word >> 12 &- insertion.word >> 12
    return "page \(hex(insertion.pfn &+ index)), as only \(insertion.kind.name) tells,"
  }

  let description = RuleDescription(
    id: "PL018", name: "copy on write of a PFN mapping", severity: .medium,
    summary: "A write to a private VM_PFNMAP mapping replaced the entry by an anonymous copy.",
    truth: """
      A private mapping that may be written is copied on write, even when it maps memory by pfn. From then on the process and the buffer object \
      differ without anybody noticing, and the copy can be pinned and migrated inside a vma that promises neither.
      """,
    versions: "all; TTM refuses such mappings from 5.14 on",
    needs: [
      "probe on wp_page_copy with address, mm and vm_flags, or exceptions:page_fault_user",
      "probes on remap_pfn_range and vmf_insert_pfn_prot",
    ],
    proof: """
      wp_page_copy in a vma with VM_PFNMAP, VM_MAYWRITE and without VM_SHARED, over an entry that was seen made; likely: one that was not, or a user's write to a PFN entry of such a vma that is present.
      """,
    lookAlikes:
      "Shared mappings; private file mappings without VM_PFNMAP; drivers that clear VM_MAYWRITE.",
    undecidable: "Without the probe a write leaves no trace of its own.",
    fix: "Refuse private writable mappings.",
    source:
      "mm/memory.c:wp_page_copy, remap_pfn_range; drivers/gpu/drm/ttm/ttm_bo_vm.c:ttm_bo_mmap_obj",
    example: """
      remap_pfn_range: addr=0x7f02c6d21000 pfn=0x108f84 pages=4
      wp_page_copy:    address=0x7f02c6d21000 vm_flags=0x40444f3
      """)
}
