internal import LedgerCore
internal import LedgerReplay

/// A dma-buf's memory is mapped with ordinary entries.
struct PL017ObjectNotPfnmap: Rule {
  let marks: Transition.Marks = .objectNotPfnmap
  let requirements = Requirements(
    all: [.dmabufMmap], any: [[.insertPfn, .insertPage, .insertPages]], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    Charge(
      verdict: .likely, severity: .low, variant: "dma-buf",
      pid: transition.event.pid, dependsOnOthers: false)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "dma-buf maps \(transition.place) without VM_PFNMAP",
      advice: """
        an exporter whose memory can move or be freed on its own must set VM_PFNMAP | VM_IO and insert special entries; one with pages that \
        carry references and never move may stay as it is
        """,
      doubt:
        "no rule of the kernel's own: false alarm for exporters with counted pages that never move",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL017", name: "dma-buf mapped without VM_PFNMAP", severity: .low,
    summary:
      "The mmap of a dma-buf shows its memory through entries that get_user_pages can follow.",
    truth: """
      References on a dma-buf's pages mean nothing to its exporter, which moves and frees them by its own rules. VM_PFNMAP keeps everybody from \
      taking any. It is the maintainers' policy; no kernel enforces it.
      """,
    versions: "all (policy)",
    needs: [
      "probe on dma_buf_mmap_internal (with return)",
      "probes on vm_insert_page and vmf_insert_pfn_prot with vm_flags",
    ],
    proof:
      "dma_buf_mmap_internal of a vma, then an insertion into the same vma whose vm_flags lack VM_PFNMAP.",
    lookAlikes:
      "udmabuf (up to 6.6), vb2-vmalloc, cma_heap (up to 6.11), drm_gem_shmem (up to 5.15): counted pages that stay where they are.",
    undecidable:
      "No insertion lies in the capture: flags at the mmap's entry are those before the exporter changed them.",
    fix: "VM_PFNMAP | VM_IO, vmf_insert_pfn() or remap_pfn_range().",
    source:
      "drivers/dma-buf/dma-buf.c:dma_buf_mmap_internal; patch 20221122170801.842766-1 (not merged)",
    example: """
      dma_buf_mmap_internal: object=0xffff9d4640538000 vma=0xffff9d46405e1000
      vm_insert_page:        addr=0x7f02c6d21000 pfn=0x108fb8 vm_flags=0x40000fb
      """)
}
