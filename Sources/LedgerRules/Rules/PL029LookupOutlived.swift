internal import LedgerCore
internal import LedgerReplay

/// A frame looked up in a page table entry is used after the entry is gone.
struct PL029LookupOutlived: Rule {
  let marks: Transition.Marks = .lookupOutlived
  let requirements = Requirements(
    all: [.followPte, .followPteReturn, .iommuMap, .iommuUnmap, .unmapRange],
    any: [[.insertPfn, .remapRange]], restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark else { return nil }
    return Charge(
      verdict: .likely, severity: .high, variant: "iommu", pid: transition.event.pid)
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "a device reaches \(transition.place) by a lookup of an entry that is gone",
      advice:
        "use pin_user_pages() for memory with references; for PFN mappings require a dma-buf or an mmu notifier",
      doubt:
        "false if the device's mapping is revoked right after the unmap, as for memory of a passed-through device",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL029", name: "looked-up pfn outlives its entry", severity: .high,
    summary: "A pfn that follow_pte() returned is mapped for a device when the entry is removed.",
    truth: """
      A pfn read from an entry is valid only under the page table lock. KVM follows mmu notifiers; vfio type1 and others keep the pfn in an \
      IOMMU mapping, with neither a reference nor a notifier.
      """,
    versions: "all; follow_pte() became follow_pfnmap_start() in 6.12",
    needs: [
      "probes on follow_pte, follow_pfn or follow_pfnmap_start (with return), vmf_insert_pfn_prot, unmap_page_range",
      "iommu:map", "iommu:unmap",
    ],
    proof:
      "A lookup outside of a guest's fault, iommu:map of that frame by the same task, unmap_page_range over the address, no iommu:unmap before.",
    lookAlikes:
      "KVM; s390 pci_mmio and generic_access_phys, which use the pfn under the lock; BARs of the same device.",
    undecidable: "Mostly, without these probes.",
    fix: "A pin, a dma-buf or a notifier.",
    source: "drivers/vfio/vfio_iommu_type1.c:follow_fault_pfn",
    example: """
      follow_pte:       address=0x7f02c6d21000
      map:              iova=0x10000 paddr=0x1400000 size=0x1000
      unmap_page_range: addr=0x7f02c6d21000 end=0x7f02c6d25000   <- the IOMMU still maps it
      """)
}
