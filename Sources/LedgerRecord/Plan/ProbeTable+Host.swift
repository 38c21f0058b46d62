import LedgerCore

// Probes on the allocator, on host page tables and on get_user_pages, 5.4 to 7.1: mm/page_alloc.c, mm/memory.c, mm/huge_memory.c,
// mm/mremap.c, mm/mprotect.c, mm/gup.c
extension ProbeTable {
  private static let page = ArgumentSpec.parameter("page", ["page", "folio"], at: 1)
  static let vmemmap = ArgumentSpec.symbol("vmemmap", "vmemmap_base")

  static let allocator: [ProbeSpec] = [
    ProbeSpec(kind: .splitPage, functions: ["split_page"], arguments: block),
    ProbeSpec(
      kind: .prepCompoundPage, functions: ["prep_compound_page"], arguments: block, cost: .medium),
    ProbeSpec(
      kind: .freePages, functions: ["__free_pages", "___free_pages"], arguments: block,
      cost: .medium),
    ProbeSpec(
      kind: .badPage, functions: ["bad_page"],
      arguments: [page, vmemmap, .read("reason", ["reason"], at: 2, times: 1, type: "string")]),
  ]

  private static let block = [
    page, vmemmap, ArgumentSpec.parameter("order", ["order"], at: 2, type: "u32"),
  ]

  /// A vma that is the parameter `position`, and what stands in it.
  private static func area(_ names: [String] = ["vma"], at position: Int) -> [ArgumentSpec] {
    [
      .parameter("vma", names, at: position, needed: false),
      .member("mm", of: names, "vm_area_struct", "vm_mm", at: position),
      .member("vm_flags", of: names, "vm_area_struct", "vm_flags", at: position),
    ]
  }

  /// The same by way of a struct vm_fault, the first parameter.
  private static let fault: [ArgumentSpec] = [
    .member("vma", of: ["vmf"], "vm_fault", "vma", at: 1),
    .member("address", of: ["vmf"], "vm_fault", "address", at: 1, needed: true),
    .member("mm", of: ["vmf"], "vm_fault", "vma.vm_mm", at: 1),
    .member("vm_flags", of: ["vmf"], "vm_fault", "vma.vm_flags", at: 1),
  ]

  private static let address = ArgumentSpec.parameter("addr", ["addr", "address"], at: 2)

  static let insertions: [ProbeSpec] = [
    ProbeSpec(
      kind: .insertPfn, back: .insertPfnReturn, result: "x32",
      functions: [
        "vmf_insert_pfn_prot", "vmf_insert_pfn", "vmf_insert_mixed_prot", "vmf_insert_mixed",
        "vmf_insert_mixed_mkwrite",
      ], takesAll: true,
      arguments: area(at: 1) + [address, .parameter("pfn", ["pfn"], at: 3)], cost: .medium),
    ProbeSpec(
      kind: .insertHuge, back: .insertHugeReturn, result: "x32",
      functions: [
        "vmf_insert_pfn_pmd_prot", "vmf_insert_pfn_pmd", "vmf_insert_pfn_pud_prot",
        "vmf_insert_pfn_pud",
      ], takesAll: true, arguments: fault + [.parameter("pfn", ["pfn"], at: 2)], cost: .medium),
    ProbeSpec(
      kind: .insertPage, back: .insertPageReturn, result: "s32", functions: ["vm_insert_page"],
      arguments: area(at: 1) + [address, .parameter("page", ["page"], at: 3), vmemmap],
      cost: .medium),
    ProbeSpec(
      kind: .insertPages, back: .insertPagesReturn, result: "s32", functions: ["vm_insert_pages"],
      arguments: area(at: 1) + [
        address, .read("first", ["pages"], at: 3, times: 2, type: "x64"),
        .read("num", ["num"], at: 4, times: 1, type: "u64"), vmemmap,
      ]),
    ProbeSpec(
      kind: .remapRange, back: .remapRangeReturn, result: "s32",
      functions: ["remap_pfn_range", "remap_pfn_range_notrack"], takesAll: true,
      arguments: area(at: 1) + [
        address, .parameter("pfn", ["pfn"], at: 3), .parameter("size", ["size"], at: 4),
      ]),
  ]

  static let tables: [ProbeSpec] = [
    ProbeSpec(
      kind: .unmapRange, functions: ["unmap_page_range", "__zap_vma_range"],
      arguments: area(at: 2) + [
        .parameter("addr", ["addr", "start", "address"], at: 3), .parameter("end", ["end"], at: 4),
      ], cost: .medium),
    ProbeSpec(
      kind: .copyRange, functions: ["copy_page_range"],
      arguments: [
        .member("src_mm", of: ["src_vma"], "vm_area_struct", "vm_mm", in: fork, needed: true)
          .or(.parameter("src_mm", ["src_mm"], in: [(2, KernelVersion.span((5, 4), (5, 9)))])),
        .member("dst_mm", of: ["dst_vma"], "vm_area_struct", "vm_mm", in: forked, needed: true)
          .or(.parameter("dst_mm", ["dst_mm"], in: [(1, KernelVersion.span((5, 4), (5, 9)))])),
        .member(
          "vm_start", of: ["src_vma", "vma"], "vm_area_struct", "vm_start", in: source,
          needed: true),
        .member(
          "vm_end", of: ["src_vma", "vma"], "vm_area_struct", "vm_end", in: source, needed: true),
        .member("vm_flags", of: ["src_vma", "vma"], "vm_area_struct", "vm_flags", in: source),
      ], cost: .medium),
    ProbeSpec(
      kind: .moveTables, functions: ["move_page_tables"],
      arguments: [
        .member("mm", of: ["vma"], "vm_area_struct", "vm_mm", in: move(1))
          .or(.member("mm", of: ["pmc"], "pagetable_move_control", "old.vm_mm")),
        .parameter("old", ["old_addr"], in: move(2))
          .or(.member("old", of: ["pmc"], "pagetable_move_control", "old_addr")),
        .parameter("new", ["new_addr"], in: move(4))
          .or(.member("new", of: ["pmc"], "pagetable_move_control", "new_addr")),
        .parameter("len", ["len"], in: move(5))
          .or(.member("len", of: ["pmc"], "pagetable_move_control", "len_in")),
      ]),
    ProbeSpec(
      kind: .writeCopy, functions: ["wp_page_copy"], arguments: fault, cost: .medium),
    ProbeSpec(
      kind: .protect, functions: ["mprotect_fixup"],
      arguments: [
        .member("mm", of: ["vma"], "vm_area_struct", "vm_mm", in: protect(1, 2)),
        .parameter("start", ["start"], in: protect(3, 4)),
        .parameter("end", ["end"], in: protect(4, 5)),
        .parameter("newflags", ["newflags"], in: protect(5, 6)),
        .member("oldflags", of: ["vma"], "vm_area_struct", "vm_flags", in: protect(1, 2)),
      ]),
  ]

  private static let fork = [(2, KernelVersion.span((5, 9), (7, 2)))]
  private static let forked = [(1, KernelVersion.span((5, 9), (7, 2)))]
  private static let source = [
    (2, KernelVersion.span((5, 9), (7, 2))), (3, KernelVersion.span((5, 4), (5, 9))),
  ]

  private static func move(_ position: Int) -> [(Int, Range<KernelVersion>)] {
    [(position, KernelVersion.span((5, 4), (6, 15)))]
  }

  /// Up to 5.15 and in 6.1; from 6.3 on the flags are the seventh, and types are needed.
  private static func protect(_ old: Int, _ new: Int) -> [(Int, Range<KernelVersion>)] {
    [(old, KernelVersion.span((5, 4), (5, 16))), (new, KernelVersion.span((6, 1), (6, 3)))]
  }

  static let userPages: [ProbeSpec] = [
    ProbeSpec(
      kind: .gupFast, back: .gupFastReturn, result: "s32",
      functions: ["gup_fast_fallback", "internal_get_user_pages_fast"],
      arguments: [
        .parameter("start", ["start"], at: 1),
        .parameter("nr", ["nr_pages", "nr"], at: 2, type: "s32"),
        .parameter("gup_flags", ["gup_flags", "flags"], at: 3, type: "x32"),
      ], cost: .medium),
    ProbeSpec(
      kind: .gupSlow, back: .gupSlowReturn, result: "s64", functions: ["__get_user_pages"],
      arguments: [
        .parameter("mm", ["mm"], in: slow(2, 1), needed: false),
        .parameter("start", ["start"], in: slow(3, 2)),
        .parameter("nr", ["nr_pages"], in: slow(4, 3)),
        .parameter("gup_flags", ["gup_flags", "flags"], in: slow(5, 4), type: "x32"),
      ], cost: .medium),
    ProbeSpec(
      kind: .grab, back: .grabReturn,
      functions: ["try_grab_folio", "try_grab_folio_fast", "try_grab_page"], takesAll: true,
      arguments: [
        page, vmemmap, .parameter("refs", ["refs"], type: "s32", needed: false),
        .parameter("flags", ["flags"], type: "x32", needed: false),
      ], cost: .medium),
    ProbeSpec(
      kind: .followPte, back: .followPteReturn, result: "s32",
      functions: ["follow_pfnmap_start", "follow_pte", "follow_pfn"], takesAll: true,
      arguments: [
        .parameter("mm", ["mm"], needed: false)
          .or(.member("mm", of: ["vma"], "vm_area_struct", "vm_mm"))
          .or(.member("mm", of: ["args"], "follow_pfnmap_args", "vma.vm_mm")),
        .parameter("address", ["address", "addr"], in: [(2, KernelVersion.span((5, 4), (6, 12)))])
          .or(.member("address", of: ["args"], "follow_pfnmap_args", "address")),
      ], cost: .medium),
  ]

  private static func slow(_ old: Int, _ new: Int) -> [(Int, Range<KernelVersion>)] {
    [(old, KernelVersion.span((5, 4), (5, 9))), (new, KernelVersion.span((5, 9), (7, 2)))]
  }
}
