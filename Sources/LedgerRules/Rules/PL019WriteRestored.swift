internal import LedgerCore
internal import LedgerReplay

/// mprotect made a private read-only PFN mapping writable, and it was written to.
struct PL019WriteRestored: Rule {
  let marks: Transition.Marks = .writeRestored
  let requirements = Requirements(
    all: [.protect], any: [[.writeCopy, .userFault]], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    Charge(
      verdict: transition.marks.contains(.inferred) ? .likely : .proven, severity: .high,
      variant: "mprotect", pid: transition.event.pid,
      dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title:
        "mprotect made a read-only PFN mapping writable, and \(hex(transition.event.word)) was written to",
      advice:
        "clear VM_MAYWRITE in ->mmap (vm_flags_clear()), or refuse is_cow_mapping(): a test of VM_WRITE alone is not enough",
      doubt: "false alarm if the driver means to allow private copies",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL019", name: "mprotect turns write back on", severity: .high,
    summary:
      "A private PFN mapping that was mapped read only became writable by mprotect and was written to.",
    truth: """
      A driver that looks at VM_WRITE at mmap and leaves VM_MAYWRITE set has forbidden nothing: mprotect(PROT_WRITE) succeeds, and the write \
      gives the process a private copy inside the PFN mapping.
      """,
    versions: "all",
    needs: [
      "probe on mprotect_fixup with start, end, oldflags, newflags", "probe on wp_page_copy",
    ],
    proof: """
      mprotect_fixup from flags with VM_PFNMAP and VM_MAYWRITE, without VM_WRITE and VM_SHARED, to flags with VM_WRITE; then wp_page_copy there.
      """,
    lookAlikes:
      "Shared mappings made writable; mprotect that fails later; mappings that were never written to.",
    undecidable: "Without both probes.",
    fix: "Clear VM_MAYWRITE.",
    source: "mm/mprotect.c:mprotect_fixup; include/linux/mm.h:is_cow_mapping",
    example: """
      mprotect_fixup: start=0x7f02c6d21000 end=0x7f02c6d25000 oldflags=0x40444f1 newflags=0x40444f3
      wp_page_copy:   address=0x7f02c6d21000
      """)
}
