internal import LedgerCore

/// A page table entry names a page that it may not map.
struct PL102BadPageMap: ComplaintRule {
  let kind = ComplaintKind.badPageMap

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .critical,
      title: complaint.joined(
        "a page table of \(complaint.process.isEmpty ? "a process" : complaint.process) holds a bad entry"
          + (complaint.page.isEmpty ? "" : " for \(complaint.page)"), complaint.counts),
      advice: """
        somebody wrote into the page table, or freed and mapped the page behind its back: look at who maps this area (its file and fault \
        handler are printed), and whether a driver maps pages by pfn that it does not own
        """,
      doubt: "false only if memory itself is faulty: compare the bits of the entry with a good one")
  }

  let description = RuleDescription(
    id: "PL102", name: "bad page map", severity: .critical,
    summary: "The kernel printed BUG: Bad page map.",
    truth: """
      An entry of a page table that is not special must point to a page with a struct page whose mapcount the entry is part of. When \
      the mapcount would fall below zero, or the frame does not exist, the entry or the page was changed by somebody else.
      """,
    versions: "all; from 6.18 with the level of the entry and a walk of the table",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "The line with the name of the task and the entry, and the dump of the page if there is one.",
    lookAlikes: "Faulty memory.",
    undecidable: "Messages were dropped by printk, or the log begins after the message.",
    fix:
      "Check drivers that use vm_insert_pfn, remap_pfn_range or vm_insert_page in this area.",
    source: "mm/memory.c:print_bad_pte (to 6.17), print_bad_page_map (from 6.18)",
    example: """
      BUG: Bad page map in process reader  pte:80000000abcd1025 pmd:10a4c067
      page: refcount:1 mapcount:-1 mapping:0000000000000000 index:0x7 pfn:0xabcd1
      page dumped because: bad pte
      """)
}
