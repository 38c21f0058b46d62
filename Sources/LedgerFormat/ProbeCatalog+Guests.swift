internal import LedgerCore

// Probes on KVM, on TTM and on dma-buf. virt/kvm/kvm_main.c, arch/x86/kvm/mmu, drivers/gpu/drm/ttm, drivers/dma-buf
extension ProbeCatalog {
  private static let kvm = FieldSource(.pointer, "kvm", at: 1)

  static let guests: [Signature] = [
    Signature(
      functions: ["hva_to_pfn"], entry: .hvaToPfn, back: .hvaToPfnReturn,
      // From 6.13 on a struct kvm_follow_pfn.
      arguments: [
        FieldSource(.word, "addr", "hva", isNeeded: false).at(.place(1, (5, 4), (6, 13)))
      ]),
    Signature(
      functions: ["handle_changed_spte", "__handle_changed_spte"], entry: .changedSpte,
      arguments: [
        FieldSource(.span, "kvm", at: 1), FieldSource(.pointer, "gfn", at: 3),
        FieldSource(.extra, "old", "old_spte", at: 4), FieldSource(.word, "new", "new_spte", at: 5),
        FieldSource(.order, "level", at: 6),
      ]),
    Signature(
      functions: ["drop_spte"], entry: .dropSpte,
      arguments: [
        FieldSource(.span, "kvm", at: 1, isNeeded: false), FieldSource(.pointer, "sptep", at: 2),
        FieldSource(.word, "spte"),
      ]),
    Signature(
      functions: ["__kvm_set_memory_region", "kvm_set_memory_region"], aliases: ["kvm_memslot"],
      entry: .memslot,
      arguments: [
        kvm, FieldSource(.value, "slot"), FieldSource(.word, "gpa", "guest_phys_addr"),
        FieldSource(.size, "size", "memory_size"), FieldSource(.extra, "hva", "userspace_addr"),
      ]),
    Signature(functions: ["kvm_destroy_vm"], entry: .destroyVM, arguments: [kvm]),
    Signature(
      functions: ["kvm_mmu_notifier_invalidate_range_start"], aliases: ["kvm_mn_start"],
      entry: .notifierStart, back: .notifierStartReturn, arguments: window),
    Signature(
      functions: ["kvm_mmu_notifier_invalidate_range_end"], aliases: ["kvm_mn_end"],
      entry: .notifierEnd, arguments: window),
    Signature(
      functions: ["kvm_vcpu_map", "__kvm_vcpu_map"], entry: .vcpuMap, back: .vcpuMapReturn,
      arguments: [
        FieldSource(.pointer, "vcpu", at: 1), FieldSource(.word, "gfn", at: 2),
        FieldSource(.extra, "kvm", isNeeded: false),
      ]),
    Signature(
      functions: ["kvm_vcpu_unmap"], entry: .vcpuUnmap,
      arguments: [FieldSource(.pointer, "vcpu", at: 1)]),
  ]

  private static let window: [FieldSource] = [
    FieldSource(.span, "mn", at: 1, isNeeded: false), FieldSource(.pointer, "mm", isNeeded: false),
    FieldSource(.word, "start"), FieldSource(.extra, "end"),
    FieldSource(.order, "event", isNeeded: false),
  ]

  static let objects: [Signature] = [
    Signature(
      functions: ["ttm_pool_alloc"], entry: .ttmPopulate, back: .ttmPopulateReturn,
      arguments: [FieldSource(.word, "tt", at: 2)]),
    Signature(
      functions: ["ttm_pool_free"], entry: .ttmRelease,
      arguments: [FieldSource(.word, "tt", at: 2)]),
    Signature(
      functions: ["ttm_pool_free_page"], entry: .ttmPageFree,
      arguments: [
        FieldSource(.page, "page", "p", at: 4), FieldSource(.word, "page", "p", at: 4),
        FieldSource(.vmemmap, "vmemmap", isNeeded: false),
        FieldSource(.pointer, "vmemmap", isNeeded: false), FieldSource(.order, "order", at: 3),
      ]),
    Signature(
      functions: ["ttm_bo_mmap_obj"], entry: .objectMmap,
      arguments: [
        FieldSource(.pointer, "bo", at: 2), FieldSource(.extra, "vma", at: 1),
        FieldSource(.word, "vm_start", isNeeded: false),
        FieldSource(.span, "vm_end", isNeeded: false),
      ]),
    Signature(
      functions: ["ttm_bo_unmap_virtual"], entry: .objectUnmap,
      arguments: [FieldSource(.pointer, "bo", at: 1)]),
    Signature(
      functions: ["ttm_bo_handle_move_mem"], entry: .objectMove, back: .objectMoveReturn,
      arguments: [FieldSource(.pointer, "bo", at: 1)]),
    Signature(
      functions: ["dma_buf_mmap_internal"], entry: .dmabufMmap, back: .dmabufMmapReturn,
      arguments: [
        FieldSource(.pointer, "dmabuf", "file", at: 1), FieldSource(.extra, "vma", at: 2),
        FieldSource(.word, "vm_start", isNeeded: false),
        FieldSource(.span, "vm_end", isNeeded: false),
      ]),
  ]
}
