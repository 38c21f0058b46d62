internal import LedgerCore
internal import LedgerReplay

/// A page was freed while a device may still reach it.
struct PL025FreedInDevice: Rule {
  let marks: Transition.Marks = .freedInDevice
  let requirements = Requirements(
    all: [.pageFree],
    any: [[.iommuMap, .dmaMap, .dmaMapSg], [.iommuUnmap, .dmaUnmap, .dmaUnmapSg]],
    restsOnAbsence: true)

  func charge(_ transition: Transition) -> Charge? {
    guard !transition.isDark, let map = transition.related.first else { return nil }
    let unmap: EventKind =
      switch map.kind {
      case .iommuMap: .iommuUnmap
      case .dmaMapSg: .dmaUnmapSg
      default: .dmaUnmap
      }
    return Charge(
      verdict: .likely, severity: .high, variant: "freed", pid: transition.event.pid,
      alsoNeeds: [unmap])
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "\(transition.place) freed while a device may still reach it",
      advice:
        "unmap before the free; an importer of a dma-buf must follow move_notify and invalidate",
      doubt:
        "false if the same bus address belongs to several domains, or if it is a bounce buffer's",
      extra: transition.related)
  }

  let description = RuleDescription(
    id: "PL025", name: "DMA mapping outlives the page", severity: .high,
    summary: "mm_page_free of a page that is still mapped for a device.",
    truth: "The device may go on writing to memory that belongs to somebody else by now.",
    versions: "iommu events in all versions, dma events from 6.12 on",
    needs: [
      "iommu:map and iommu:unmap, or dma:dma_map_page and dma:dma_unmap_page (from 6.18 on dma_map_phys), dma:dma_map_sg and dma:dma_unmap_sg",
      "kmem:mm_page_free",
    ],
    proof:
      "A map of a range of physical memory, or an entry of a mapped scatter list; no unmap of its address since, then mm_page_free of a page in it.",
    lookAlikes:
      "Several domains with the same bus addresses (left out); bounce buffers; completions on another CPU at the same time.",
    undecidable: "Maps older than the capture, or unmaps that answer to no map seen.",
    fix: "Unmap, then free.",
    source: "include/trace/events/iommu.h, include/trace/events/dma.h",
    example: """
      map:          iova=0xfffff000 paddr=0x1037a3000 size=0x1000
      mm_page_free: pfn=0x1037a3 order=0
      """)
}
