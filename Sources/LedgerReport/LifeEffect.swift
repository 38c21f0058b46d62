import LedgerCore

/// What an event of a finding's evidence did to the life of its page, read from the event's name and the words around it.
struct LifeEffect: Equatable {
  /// The lanes of a page's life, in the order in which they are drawn.
  enum Lane: Int, CaseIterable {
    case allocated, referenced, mapped, guest, pinned, other

    var name: String {
      switch self {
      case .allocated: "allocated"
      case .referenced: "referenced"
      case .mapped: "mapped"
      case .guest: "in a guest"
      case .pinned: "pinned"
      case .other: "other"
      }
    }
  }

  /// What happened in the lane.
  enum Change: Int {
    case touches, begins, ends, refused
  }

  var lane: Lane
  var change: Change
  /// The page's count behind the event, nil when the words do not say.
  var count: Int64?

  init(_ evidence: Evidence) {
    lane = Self.lane(evidence.event)
    change = Self.change(evidence)
    count = Self.count(evidence.after)
  }

  private static func lane(_ event: String) -> Lane {
    switch event {
    case "mm_page_alloc", "mm_page_free", "mm_page_free_batched", "__free_pages", "split_page",
      "prep_compound_page", "ttm_pool_alloc", "ttm_pool_free", "ttm_pool_free_page", "bad_page":
      .allocated
    case _ where event.hasPrefix("page_ref_"): .referenced
    case _ where event.hasPrefix("kvm_") || event.hasPrefix("hva_to_pfn"): .guest
    case "handle_changed_spte", "drop_spte": .guest
    case _ where event.hasPrefix("get_user_pages") || event.hasPrefix("__get_user_pages"): .pinned
    case _ where event.hasPrefix("try_grab") || event.hasPrefix("follow_pte"): .pinned
    case "map", "unmap", "dma_map_page", "dma_unmap_page": .pinned
    case _ where isMapping(event): .mapped
    default: .other
    }
  }

  private static let mappings = [
    "vmf_insert", "vm_insert", "remap_pfn_range", "unmap_page_range", "copy_page_range",
    "move_page_tables", "wp_page_copy", "mprotect_fixup", "dma_buf_mmap", "ttm_bo_",
  ]

  private static func isMapping(_ event: String) -> Bool {
    mappings.contains { event.hasPrefix($0) }
  }

  private static func change(_ evidence: Evidence) -> Change {
    switch evidence.event {
    case "mm_page_alloc", "ttm_pool_alloc": .begins
    case "mm_page_free", "mm_page_free_batched": .ends
    case "page_ref_mod_unless": isRefused(evidence) ? .refused : .touches
    case "page_ref_set": .begins
    case "vmf_insert_pfn", "vmf_insert_pfn_pmd", "vm_insert_page", "vm_insert_pages",
      "remap_pfn_range", "dma_map_page", "map", "kvm_mmu_set_spte", "kvm_vcpu_map":
      .begins
    case "unmap_page_range", "ttm_bo_unmap_virtual", "dma_unmap_page", "unmap", "drop_spte",
      "kvm_mmu_zap_all_fast", "kvm_unmap_hva_range", "kvm_destroy_vm", "kvm_vcpu_unmap":
      .ends
    default: .touches
    }
  }

  private static func isRefused(_ evidence: Evidence) -> Bool {
    evidence.text.split(separator: " ").contains("ret=0")
  }

  /// The number behind `count ` in words such as `live, count 2`.
  private static func count(_ words: String) -> Int64? {
    let parts = words.split { $0 == " " || $0 == "," }
    guard let place = parts.firstIndex(of: "count"), place + 1 < parts.count else { return nil }
    if parts[place + 1] == "set", let last = parts.last { return Int64(last) }
    return Int64(parts[place + 1])
  }
}
