/// What an event says about pages, whatever its capture calls it.
///
/// A tracepoint is recognised by group and name, a probe by the function it is attached to.
public enum EventKind: UInt8, Sendable, CaseIterable {
  /// Decoded and counted, but without meaning to the replay.
  case other

  // page_ref: include/trace/events/page_ref.h
  case pageRefSet
  case pageRefMod
  case pageRefModAndTest
  case pageRefModAndReturn
  case pageRefModUnless
  case pageRefFreeze
  case pageRefUnfreeze

  // kmem: include/trace/events/kmem.h
  case pageAlloc
  case pageFree
  case pageFreeBatched

  // kvm and kvmmmu: include/trace/events/kvm.h, arch/x86/kvm/trace.h, arch/x86/kvm/mmu/mmutrace.h
  case kvmPageFault
  case kvmSpteRequested
  case kvmSetSpte
  case kvmUserspaceExit

  // probes
  case hvaToPfn
  case hvaToPfnReturn
  case splitPage
  case prepCompoundPage

  // host page tables: probes; mm/memory.c, mm/huge_memory.c, mm/mremap.c, mm/mprotect.c
  case insertPfn
  case insertPfnReturn
  case insertHuge
  case insertHugeReturn
  case insertPage
  case insertPageReturn
  case insertPages
  case insertPagesReturn
  case remapRange
  case remapRangeReturn
  case unmapRange
  case copyRange
  case moveTables
  case writeCopy
  case protect

  // get_user_pages and lookups of page table entries: probes; mm/gup.c, mm/memory.c
  case gupFast
  case gupFastReturn
  case gupSlow
  case gupSlowReturn
  case grab
  case grabReturn
  case followPte
  case followPteReturn

  // stage 2: arch/x86/kvm/mmu/mmutrace.h, include/trace/events/kvm.h, and probes
  case spteChanged
  case zapAllFast
  case unmapHva
  case changedSpte
  case dropSpte
  case memslot
  case destroyVM
  case notifierStart
  case notifierStartReturn
  case notifierEnd
  case vcpuMap
  case vcpuMapReturn
  case vcpuUnmap

  // buffer objects: probes; drivers/gpu/drm/ttm, drivers/dma-buf/dma-buf.c
  case ttmPopulate
  case ttmPopulateReturn
  case ttmRelease
  case ttmPageFree
  case objectMmap
  case objectUnmap
  case objectMove
  case objectMoveReturn
  case dmabufMmap
  case dmabufMmapReturn

  // devices: include/trace/events/iommu.h, include/trace/events/dma.h (6.12)
  case iommuMap
  case iommuUnmap
  case dmaMap
  case dmaUnmap
  /// One entry of a scatter list; a record of it gives one event an entry.
  case dmaMapSg
  case dmaUnmapSg

  // pages on the move: include/trace/events/migrate.h, include/trace/events/thp.h (6.1)
  case migrationSet
  case migrationRemoved
  case migrationHugeSet
  case migrationHugeRemoved

  // address spaces: include/trace/events/mmap.h (6.1)
  case vmaStore
  case vmaErase
  case exitMmap

  // the allocator's own doors and the place of struct page: probes, include/trace/events/pagemap.h
  case freePages
  case badPage
  case lruInsertion
  case lruActivate
  case userFault

  // what the reader itself knows about its gaps
  /// From this time on events of one CPU are missing; later events of other CPUs lie in the dark.
  case gapOpens
  /// The missing events end here; `value` is their number when known, else 0.
  case gapCloses

  /// The kernel complained about the page `pfn`: `word` is one of `KernelComplaint.marks`. Never among decoded details.
  case complaint

  /// True for the seven events that read or change `_refcount`.
  @inlinable public var isPageRef: Bool {
    rawValue >= Self.pageRefSet.rawValue && rawValue <= Self.pageRefUnfreeze.rawValue
  }

  /// True for the reader's own marks, which no capture contains as an event.
  @inlinable public var isGap: Bool { self == .gapOpens || self == .gapCloses }

  /// The kernel's own name of the event, or of the function a probe is attached to.
  public var name: String {
    switch self {
    case .other: "other"
    case .pageRefSet: "page_ref_set"
    case .pageRefMod: "page_ref_mod"
    case .pageRefModAndTest: "page_ref_mod_and_test"
    case .pageRefModAndReturn: "page_ref_mod_and_return"
    case .pageRefModUnless: "page_ref_mod_unless"
    case .pageRefFreeze: "page_ref_freeze"
    case .pageRefUnfreeze: "page_ref_unfreeze"
    case .pageAlloc: "mm_page_alloc"
    case .pageFree: "mm_page_free"
    case .pageFreeBatched: "mm_page_free_batched"
    case .kvmPageFault: "kvm_page_fault"
    case .kvmSpteRequested: "kvm_mmu_spte_requested"
    case .kvmSetSpte: "kvm_mmu_set_spte"
    case .kvmUserspaceExit: "kvm_userspace_exit"
    case .hvaToPfn: "hva_to_pfn"
    case .hvaToPfnReturn: "hva_to_pfn_ret"
    case .splitPage: "split_page"
    case .prepCompoundPage: "prep_compound_page"
    case .insertPfn: "vmf_insert_pfn"
    case .insertPfnReturn: "vmf_insert_pfn_ret"
    case .insertHuge: "vmf_insert_pfn_pmd"
    case .insertHugeReturn: "vmf_insert_pfn_pmd_ret"
    case .insertPage: "vm_insert_page"
    case .insertPageReturn: "vm_insert_page_ret"
    case .insertPages: "vm_insert_pages"
    case .insertPagesReturn: "vm_insert_pages_ret"
    case .remapRange: "remap_pfn_range"
    case .remapRangeReturn: "remap_pfn_range_ret"
    case .unmapRange: "unmap_page_range"
    case .copyRange: "copy_page_range"
    case .moveTables: "move_page_tables"
    case .writeCopy: "wp_page_copy"
    case .protect: "mprotect_fixup"
    case .gupFast: "get_user_pages_fast"
    case .gupFastReturn: "get_user_pages_fast_ret"
    case .gupSlow: "__get_user_pages"
    case .gupSlowReturn: "__get_user_pages_ret"
    case .grab: "try_grab_folio"
    case .grabReturn: "try_grab_folio_ret"
    case .followPte: "follow_pte"
    case .followPteReturn: "follow_pte_ret"
    case .spteChanged: "kvm_tdp_mmu_spte_changed"
    case .zapAllFast: "kvm_mmu_zap_all_fast"
    case .unmapHva: "kvm_unmap_hva_range"
    case .changedSpte: "handle_changed_spte"
    case .dropSpte: "drop_spte"
    case .memslot: "kvm_set_memory_region"
    case .destroyVM: "kvm_destroy_vm"
    case .notifierStart: "kvm_mmu_notifier_invalidate_range_start"
    case .notifierStartReturn: "kvm_mmu_notifier_invalidate_range_start_ret"
    case .notifierEnd: "kvm_mmu_notifier_invalidate_range_end"
    case .vcpuMap: "kvm_vcpu_map"
    case .vcpuMapReturn: "kvm_vcpu_map_ret"
    case .vcpuUnmap: "kvm_vcpu_unmap"
    case .ttmPopulate: "ttm_pool_alloc"
    case .ttmPopulateReturn: "ttm_pool_alloc_ret"
    case .ttmRelease: "ttm_pool_free"
    case .ttmPageFree: "ttm_pool_free_page"
    case .objectMmap: "ttm_bo_mmap_obj"
    case .objectUnmap: "ttm_bo_unmap_virtual"
    case .objectMove: "ttm_bo_handle_move_mem"
    case .objectMoveReturn: "ttm_bo_handle_move_mem_ret"
    case .dmabufMmap: "dma_buf_mmap_internal"
    case .dmabufMmapReturn: "dma_buf_mmap_internal_ret"
    case .iommuMap: "map"
    case .iommuUnmap: "unmap"
    case .dmaMap: "dma_map_page"
    case .dmaUnmap: "dma_unmap_page"
    case .dmaMapSg: "dma_map_sg"
    case .dmaUnmapSg: "dma_unmap_sg"
    case .migrationSet: "set_migration_pte"
    case .migrationRemoved: "remove_migration_pte"
    case .migrationHugeSet: "set_migration_pmd"
    case .migrationHugeRemoved: "remove_migration_pmd"
    case .vmaStore: "vma_store"
    case .vmaErase: "vma_mas_szero"
    case .exitMmap: "exit_mmap"
    case .freePages: "__free_pages"
    case .badPage: "bad_page"
    case .lruInsertion: "mm_lru_insertion"
    case .lruActivate: "mm_lru_activate"
    case .userFault: "page_fault_user"
    case .gapOpens: "gap opens"
    case .gapCloses: "gap closes"
    case .complaint: "complaint"
    }
  }

  /// The trace group that a recorder must enable to get the event, `probe` when there is no tracepoint.
  public var group: String {
    switch self {
    case .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless,
      .pageRefFreeze, .pageRefUnfreeze:
      "page_ref"
    case .pageAlloc, .pageFree, .pageFreeBatched: "kmem"
    case .kvmPageFault, .kvmUserspaceExit, .unmapHva: "kvm"
    case .kvmSpteRequested, .kvmSetSpte, .spteChanged, .zapAllFast: "kvmmmu"
    case .iommuMap, .iommuUnmap: "iommu"
    case .dmaMap, .dmaUnmap, .dmaMapSg, .dmaUnmapSg: "dma"
    case .migrationSet, .migrationRemoved: "migrate"
    case .migrationHugeSet, .migrationHugeRemoved: "thp"
    case .vmaStore, .vmaErase, .exitMmap: "mmap"
    case .lruInsertion, .lruActivate: "pagemap"
    case .userFault: "exceptions"
    case .other, .gapOpens, .gapCloses, .complaint: ""
    default: "probe"
    }
  }

  /// Names that a tracepoint has had beside `name`. include/trace/events/dma.h: dma_map_phys from 6.18 on
  public var formerNames: [String] {
    switch self {
    case .dmaMap: ["dma_map_phys"]
    case .dmaUnmap: ["dma_unmap_phys"]
    default: []
    }
  }

  /// The tracepoint is known by this name.
  public func isNamed(_ name: String) -> Bool { self.name == name || formerNames.contains(name) }

  /// A probe: recognised by the function it is attached to.
  public var isProbe: Bool { group == "probe" }
}
