import LedgerCore

// Probes on KVM, on TTM and on dma-buf: virt/kvm/kvm_main.c, arch/x86/kvm/mmu, drivers/gpu/drm/ttm, drivers/dma-buf
extension ProbeTable {
  private static let kvm = ArgumentSpec.parameter("kvm", ["kvm"], at: 1)

  static let guests: [ProbeSpec] = [
    ProbeSpec(
      kind: .hvaToPfn, back: .hvaToPfnReturn, functions: ["hva_to_pfn"], module: "kvm",
      arguments: [
        .parameter("addr", ["addr"], in: [(1, KernelVersion.span((5, 4), (6, 13)))])
          .or(.member("addr", of: ["kfp"], "kvm_follow_pfn", "hva"))
      ], cost: .medium),
    ProbeSpec(
      kind: .changedSpte, functions: ["handle_changed_spte", "__handle_changed_spte"],
      module: "kvm",
      arguments: [
        kvm, .parameter("gfn", ["gfn"], at: 3), .parameter("old", ["old_spte"], at: 4),
        .parameter("new", ["new_spte"], at: 5), .parameter("level", ["level"], at: 6, type: "s32"),
      ], cost: .medium),
    ProbeSpec(
      kind: .dropSpte, functions: ["drop_spte"], module: "kvm",
      arguments: [
        .parameter("kvm", ["kvm"], at: 1, needed: false), .parameter("sptep", ["sptep"], at: 2),
        ArgumentSpec(
          name: "spte", type: "x64",
          ways: [
            ArgumentWay(parameters: ["sptep"], reads: 1, positions: [(2, KernelVersion.all)])
          ],
          isNeeded: true),
      ], cost: .medium),
    ProbeSpec(
      kind: .memslot, functions: ["__kvm_set_memory_region", "kvm_set_memory_region"],
      module: "kvm",
      arguments: [kvm]
        + [
          ("slot", "slot", "u32"), ("flags", "flags", "x32"), ("gpa", "guest_phys_addr", "x64"),
          ("size", "memory_size", "x64"), ("hva", "userspace_addr", "x64"),
        ].map { name, member, type in
          .member(
            name, of: ["mem"], "kvm_userspace_memory_region", member, at: 2, type: type,
            needed: name != "flags")
        }),
    ProbeSpec(kind: .destroyVM, functions: ["kvm_destroy_vm"], module: "kvm", arguments: [kvm]),
    ProbeSpec(
      kind: .notifierStart, back: .notifierStartReturn, result: "s32",
      functions: ["kvm_mmu_notifier_invalidate_range_start"], module: "kvm", arguments: window,
      cost: .medium),
    ProbeSpec(
      kind: .notifierEnd, functions: ["kvm_mmu_notifier_invalidate_range_end"], module: "kvm",
      arguments: window, cost: .medium),
    ProbeSpec(
      kind: .vcpuMap, back: .vcpuMapReturn, result: "s32",
      functions: ["__kvm_vcpu_map", "kvm_vcpu_map"], module: "kvm",
      arguments: [
        .parameter("vcpu", ["vcpu"], at: 1), .parameter("gfn", ["gfn", "gpa"], at: 2),
        .member("kvm", of: ["vcpu"], "kvm_vcpu", "kvm", at: 1),
      ]),
    ProbeSpec(
      kind: .vcpuUnmap, functions: ["kvm_vcpu_unmap"], module: "kvm",
      arguments: [.parameter("vcpu", ["vcpu"], at: 1)]),
  ]

  private static let window: [ArgumentSpec] =
    [.parameter("mn", ["mn"], at: 1, needed: false)]
    + [
      ("mm", "x64"), ("start", "x64"), ("end", "x64"), ("event", "u32"),
    ].map { name, type in
      .member(
        name, of: ["range"], "mmu_notifier_range", name, at: 2, type: type,
        needed: name == "start" || name == "end")
    }

  private static let showing: [ArgumentSpec] = [
    .member("vm_start", of: ["vma"], "vm_area_struct", "vm_start"),
    .member("vm_end", of: ["vma"], "vm_area_struct", "vm_end"),
    .member("mm", of: ["vma"], "vm_area_struct", "vm_mm"),
    .member("vm_flags", of: ["vma"], "vm_area_struct", "vm_flags"),
  ]

  static let objects: [ProbeSpec] = [
    ProbeSpec(
      kind: .ttmPopulate, back: .ttmPopulateReturn, result: "s32", functions: ["ttm_pool_alloc"],
      module: "ttm", arguments: [.parameter("tt", ["tt"], at: 2)]),
    ProbeSpec(
      kind: .ttmRelease, functions: ["ttm_pool_free"], module: "ttm",
      arguments: [.parameter("tt", ["tt"], at: 2)]),
    ProbeSpec(
      kind: .ttmPageFree, functions: ["ttm_pool_free_page"], module: "ttm",
      arguments: [
        .parameter("page", ["p", "page"], at: 4), vmemmap,
        .parameter("order", ["order"], at: 3, type: "u32"),
      ]),
    ProbeSpec(
      kind: .objectMmap, functions: ["ttm_bo_mmap_obj"], module: "ttm",
      arguments: [.parameter("bo", ["bo"], at: 2), .parameter("vma", ["vma"], at: 1)] + showing),
    ProbeSpec(
      kind: .objectUnmap, functions: ["ttm_bo_unmap_virtual"], module: "ttm",
      arguments: [.parameter("bo", ["bo"], at: 1)]),
    ProbeSpec(
      kind: .objectMove, back: .objectMoveReturn, result: "s32",
      functions: ["ttm_bo_handle_move_mem"], module: "ttm",
      arguments: [.parameter("bo", ["bo"], at: 1)]),
    ProbeSpec(
      kind: .dmabufMmap, back: .dmabufMmapReturn, result: "s32",
      functions: ["dma_buf_mmap_internal"],
      arguments: [
        .member("dmabuf", of: ["file"], "file", "private_data", at: 1, needed: true),
        .parameter("vma", ["vma"], at: 2),
      ] + showing),
  ]
}
