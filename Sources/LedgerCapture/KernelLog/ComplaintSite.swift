import LedgerCore

/// Tells from the place of a WARN or BUG what it is about.
///
/// The names are those of 5.4 to 7.1; a place that no rule knows concerns no page.
struct ComplaintSite {
  /// `mm/gup.c:130`, without what the build put before it.
  let path: String
  let function: String

  /// The place `path:line`; `function` may carry an offset.
  init(path: Substring, function: Substring) {
    self.path = Self.withoutBuild(path)
    self.function = function.function ?? String(function.word)
  }

  /// Directories at the top of the kernel's sources that matter here.
  private static let roots = [
    "include/linux/", "mm/", "arch/", "virt/kvm/", "drivers/", "lib/refcount.c", "net/core/", "fs/",
  ]

  /// Builds outside of the tree name files by longer paths.
  private static func withoutBuild(_ path: Substring) -> String {
    for root in roots where path.hasPrefix(root) { return String(path) }
    for root in roots {
      if let rest = path.behind("/" + root) { return root + rest }
    }
    return String(path)
  }

  /// What a complaint from here is about; nil when it is not about pages.
  func kind(isBug: Bool) -> ComplaintKind? {
    let file = path[...].before(":") ?? path[...]
    if file == "lib/refcount.c" { return .refcount }
    if Self.referenceFiles.contains(String(file)) { return .pageReference }
    if file.hasPrefix("mm/") { return memoryKind(file, isBug) }
    if file.contains("kvm/") { return concernsGuestPages(file) ? .kvm : nil }
    if Self.graphics.contains(where: { file.behind($0) != nil }) || function.hasPrefix("ttm_") {
      return .graphics
    }
    if Self.headers.contains(where: { file.hasPrefix($0) }) {
      return isBug ? .kernelBug : .pageWarning
    }
    return file == "net/core/page_pool.c" ? .pageWarning : nil
  }

  private static let referenceFiles: Set<String> = [
    "include/linux/mm.h", "include/linux/page_ref.h", "include/linux/pagemap.h", "mm/gup.c",
    "mm/swap.c",
  ]

  private static let headers = [
    "include/linux/page-flags.h", "include/linux/mm_inline.h", "include/linux/huge_mm.h",
    "include/linux/hugetlb.h", "include/linux/rmap.h", "include/linux/swapops.h",
    "include/linux/leafops.h", "include/linux/memremap.h",
  ]

  /// Files that are known by their whole names, and one that is named nearly like one of them.
  static let files =
    Array(referenceFiles) + headers + Array(stateFiles) + [
      "lib/refcount.c", "net/core/page_pool.c", "mm/mmap.c",
    ]

  private func memoryKind(_ file: Substring, _ isBug: Bool) -> ComplaintKind? {
    if Self.references.contains(where: { function.contains($0) }) { return .pageReference }
    if isBug { return .kernelBug }
    // A request that the allocator refuses is a mistake of its caller, and no page's state.
    let isRequest = function.contains("alloc") && !function.contains("free")
    return Self.stateFiles.contains(String(file)) && !isRequest ? .pageWarning : nil
  }

  private static let references = [
    "try_grab", "get_page", "put_page", "folio_get", "folio_put", "folio_try_get", "folios_put",
    "release_pages", "page_ref", "unpin_user", "put_devmap",
  ]

  private static let stateFiles: Set<String> = Set(
    [
      "page_alloc", "memory", "rmap", "huge_memory", "migrate", "migrate_device", "filemap",
      "truncate", "vmscan", "compaction", "swapfile", "swap_state", "ksm", "hugetlb",
      "hugetlb_vmemmap", "memory-failure", "mlock", "page_isolation", "page_owner",
      "page_frag_cache", "memremap", "khugepaged", "shmem", "secretmem", "internal.h",
      "page_table_check", "balloon_compaction", "memory_hotplug", "debug",
    ].map { $0.contains(".") ? "mm/" + $0 : "mm/" + $0 + ".c" })

  private func concernsGuestPages(_ file: Substring) -> Bool {
    if ["mmu", "pfncache", "guest_memfd", "pgtable", "tdp", "gmem"].contains(where: {
      file.behind($0) != nil
    }) {
      return true
    }
    return ["pfn", "page", "hva", "gfn", "spte", "gmem", "memslot"].contains {
      function.contains($0)
    }
  }

  private static let graphics = [
    "/ttm/", "_ttm", "ttm_", "drm_gem", "drm_prime", "dma-buf/", "udmabuf", "/gem/", "_gem.c",
  ]

  /// What of a stack concerns pages: the subject of a refcount_t that went wrong.
  static func subject(of function: String) -> String? {
    subjects.first { entry in entry.words.contains { function.contains($0) } }?.name
  }

  private static let subjects: [(name: String, words: [String])] = [
    ("TTM", ["ttm_"]), ("GEM", ["drm_gem", "gem_object"]),
    ("dma-buf", ["dma_buf", "dmabuf", "dma_resv"]), ("KVM", ["kvm_"]),
    ("page", ["folio", "put_page", "get_page", "page_pool", "free_page", "free_pages"]),
    ("mm", ["mmdrop", "mmput", "vm_area", "vma_", "anon_vma", "exit_mmap"]),
  ]
}
