import LedgerCore

/// Places of members in kernels whose types cannot be read: only what is the same in every 64-bit build of a release.
enum KnownOffsets {
  private static let areaOld = KernelVersion.span((5, 4), (5, 16))
  private static let areaNew = KernelVersion.span((6, 1), (7, 2))
  private static let rangeOld = KernelVersion.span((5, 4), (6, 2))
  private static let rangeNew = KernelVersion.span((6, 6), (7, 2))

  /// include/linux/mm_types.h, include/linux/mm.h, include/linux/mmu_notifier.h, include/uapi/linux/kvm.h
  private static let table: [String: [(Int, Range<KernelVersion>)]] = [
    "vm_area_struct.vm_start": [(0, KernelVersion.all)],
    "vm_area_struct.vm_end": [(8, KernelVersion.all)],
    "vm_area_struct.vm_mm": [(64, areaOld), (16, areaNew)],
    "vm_area_struct.vm_flags": [(80, areaOld), (32, areaNew)],
    "vm_fault.vma": [(0, KernelVersion.all)],
    "vm_fault.address": [(24, KernelVersion.span((6, 1), (6, 2)))],
    "mmu_notifier_range.mm": [(8, rangeOld), (0, rangeNew)],
    "mmu_notifier_range.start": [(16, rangeOld), (8, rangeNew)],
    "mmu_notifier_range.end": [(24, rangeOld), (16, rangeNew)],
    "mmu_notifier_range.event": [(36, rangeOld), (28, rangeNew)],
    "kvm_userspace_memory_region.slot": [(0, KernelVersion.all)],
    "kvm_userspace_memory_region.flags": [(4, KernelVersion.all)],
    "kvm_userspace_memory_region.guest_phys_addr": [(8, KernelVersion.all)],
    "kvm_userspace_memory_region.memory_size": [(16, KernelVersion.all)],
    "kvm_userspace_memory_region.userspace_addr": [(24, KernelVersion.all)],
  ]

  /// Structs that members lead to.
  private static let targets = ["vm_fault.vma": "vm_area_struct"]

  /// Offsets along a path of pointers; nil where one is not certain.
  static func offsets(_ path: [String], of structure: String, in version: KernelVersion?) -> [Int]?
  {
    guard let version else { return nil }
    var structure = structure
    var offsets: [Int] = []
    for (number, member) in path.enumerated() {
      let key = "\(structure).\(member)"
      guard let found = table[key]?.first(where: { $0.1.contains(version) }) else { return nil }
      offsets.append(found.0)
      guard number + 1 < path.count else { break }
      guard let target = targets[key] else { return nil }
      structure = target
    }
    return offsets
  }
}
