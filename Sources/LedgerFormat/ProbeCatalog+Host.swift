internal import LedgerCore

// Probes on the allocator, on host page tables and on get_user_pages. mm/page_alloc.c, mm/memory.c, mm/huge_memory.c,
// mm/mremap.c, mm/mprotect.c, mm/gup.c
extension ProbeCatalog {
  private static let vma = FieldSource(.extra, "vma", at: 1, isNeeded: false)
  private static let mm = FieldSource(.pointer, "mm", "vm_mm", isNeeded: false)
  private static let flags = FieldSource(.value, "vm_flags", isNeeded: false)
  private static let vmemmap = FieldSource(.vmemmap, "vmemmap", isNeeded: false)

  static let allocator: [Signature] = [
    Signature(functions: ["split_page"], entry: .splitPage, arguments: block),
    Signature(
      functions: ["prep_compound_page"], entry: .prepCompoundPage, arguments: block),
    Signature(
      functions: ["__free_pages", "___free_pages"], aliases: ["free_pages"], entry: .freePages,
      arguments: block),
    Signature(
      functions: ["bad_page"], entry: .badPage, arguments: Array(block.prefix(4))),
  ]

  private static let block: [FieldSource] = [
    FieldSource(.page, "page", at: 1), FieldSource(.word, "page", at: 1), vmemmap,
    FieldSource(.pointer, "vmemmap", isNeeded: false), FieldSource(.order, "order", at: 2),
  ]

  static let hostTables: [Signature] = [
    Signature(
      functions: [
        "vmf_insert_pfn_prot", "vmf_insert_pfn", "insert_pfn", "vmf_insert_mixed_prot",
        "vmf_insert_mixed", "vmf_insert_mixed_mkwrite", "__vm_insert_mixed",
      ],
      entry: .insertPfn, back: .insertPfnReturn,
      arguments: [
        vma, mm, flags, FieldSource(.word, "addr", "address", at: 2),
        FieldSource(.pfn, "pfn", "pfn_t", at: 3),
      ]),
    Signature(
      functions: [
        "vmf_insert_pfn_pmd_prot", "vmf_insert_pfn_pmd", "vmf_insert_pfn_pud_prot",
        "vmf_insert_pfn_pud",
      ],
      entry: .insertHuge, back: .insertHugeReturn,
      arguments: [
        FieldSource(.extra, "vma", isNeeded: false), mm, flags,
        FieldSource(.word, "address", "addr", isNeeded: false),
        FieldSource(.pfn, "pfn_t", "pfn", at: 2),
      ]),
    Signature(
      functions: ["vm_insert_page"], entry: .insertPage, back: .insertPageReturn,
      arguments: [
        vma, mm, flags, FieldSource(.word, "addr", "address", at: 2),
        FieldSource(.page, "page", at: 3), vmemmap,
      ]),
    Signature(
      functions: ["vm_insert_pages"], entry: .insertPages, back: .insertPagesReturn,
      arguments: [
        vma, mm, flags, FieldSource(.word, "addr", "address", at: 2),
        FieldSource(.page, "first", isNeeded: false), vmemmap,
        FieldSource(.result, "num_pages", "num", isNeeded: false),
      ]),
    Signature(
      functions: ["remap_pfn_range", "remap_pfn_range_notrack", "remap_pfn_range_internal"],
      entry: .remapRange, back: .remapRangeReturn,
      arguments: [
        vma, mm, flags, FieldSource(.word, "addr", "address", at: 2),
        FieldSource(.pfn, "pfn", at: 3), FieldSource(.size, "size", at: 4),
      ]),
    Signature(
      functions: ["unmap_page_range", "__zap_vma_range"], entry: .unmapRange,
      arguments: [
        FieldSource(.extra, "vma", at: 2, isNeeded: false), mm,
        FieldSource(.word, "addr", "address", "start", at: 3), FieldSource(.span, "end", at: 4),
      ]),
    Signature(
      functions: ["copy_page_range"], entry: .copyRange,
      arguments: [
        FieldSource(.pointer, "src_mm"), FieldSource(.extra, "dst_mm"),
        FieldSource(.word, "vm_start", "addr"), FieldSource(.span, "vm_end", "end"),
      ]),
    Signature(
      functions: ["move_page_tables"], entry: .moveTables,
      arguments: [
        // From 6.15 on all lies in a struct.
        mm, FieldSource(.word, "old", "old_addr").at(.place(2, (5, 4), (6, 15))),
        FieldSource(.span, "new", "new_addr").at(.place(4, (5, 4), (6, 15))),
        FieldSource(.extra, "len").at(.place(5, (5, 4), (6, 15))),
      ]),
    Signature(
      functions: ["wp_page_copy"], entry: .writeCopy,
      arguments: [
        FieldSource(.extra, "vma", isNeeded: false), mm, flags,
        FieldSource(.word, "address", "addr"),
      ]),
    Signature(
      functions: ["mprotect_fixup"], entry: .protect,
      arguments: [
        // From 6.3 on the flags come on the stack; in which release the mmu_gather came first is not certain.
        mm, FieldSource(.word, "start").at(.place(3, (5, 4), (5, 16)), .place(4, (6, 1), (6, 3))),
        FieldSource(.extra, "end").at(.place(4, (5, 4), (5, 16)), .place(5, (6, 1), (6, 3))),
        FieldSource(.value, "newflags").at(
          .place(5, (5, 4), (5, 16)), .place(6, (6, 1), (6, 3))),
        FieldSource(.result, "oldflags", "vm_flags", isNeeded: false),
      ]),
  ]

  static let userPages: [Signature] = [
    Signature(
      functions: ["internal_get_user_pages_fast", "gup_fast_fallback"], aliases: ["gup_fast"],
      entry: .gupFast, back: .gupFastReturn,
      arguments: [
        FieldSource(.word, "start", at: 1), FieldSource(.extra, "nr", "nr_pages", at: 2),
        FieldSource(.value, "gup_flags", "flags", at: 3),
      ]),
    Signature(
      functions: ["__get_user_pages"], aliases: ["gup_slow"], entry: .gupSlow, back: .gupSlowReturn,
      arguments: [
        // Up to 5.8 the task comes first.
        FieldSource(.pointer, "mm", isNeeded: false).at(
          .place(2, (5, 4), (5, 9)), .place(1, (5, 9), (7, 2))),
        FieldSource(.word, "start").at(.place(3, (5, 4), (5, 9)), .place(2, (5, 9), (7, 2))),
        FieldSource(.extra, "nr", "nr_pages").at(
          .place(4, (5, 4), (5, 9)), .place(3, (5, 9), (7, 2))),
        FieldSource(.value, "gup_flags", "flags").at(
          .place(5, (5, 4), (5, 9)), .place(4, (5, 9), (7, 2))),
      ]),
    Signature(
      functions: ["try_grab_folio", "try_grab_folio_fast", "try_grab_page"], entry: .grab,
      back: .grabReturn,
      arguments: [
        FieldSource(.page, "page", "folio", at: 1), FieldSource(.word, "page", "folio", at: 1),
        vmemmap, FieldSource(.pointer, "vmemmap", isNeeded: false),
        FieldSource(.value, "refs", isNeeded: false),
        FieldSource(.result, "flags", isNeeded: false),
      ]),
    Signature(
      functions: ["follow_pte", "follow_pfn", "follow_pfnmap_start"], entry: .followPte,
      back: .followPteReturn,
      arguments: [
        FieldSource(.pointer, "mm", "vm_mm", isNeeded: false),
        FieldSource(.extra, "vma", isNeeded: false),
        // follow_pfnmap_start of 6.12 has them in a struct.
        FieldSource(.word, "address", "addr").at(.place(2, (5, 4), (6, 12))),
      ]),
  ]
}
