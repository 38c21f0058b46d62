internal import LedgerCore

/// A page left the page cache while somebody still maps it.
struct PL103BadPageCache: ComplaintRule {
  let kind = ComplaintKind.badPageCache

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .critical,
      title: complaint.joined(
        "\(complaint.page.isEmpty ? "a page" : complaint.page) left the page cache while it is mapped",
        complaint.counts),
      advice: """
        the file's page is gone and a process still sees it: look for a driver that maps pages of files (udmabuf, hugetlb, DAX) or raises \
        mapcounts by hand
        """,
      doubt: "false only if something else than the kernel wrote these lines to its log")
  }

  let description = RuleDescription(
    id: "PL103", name: "bad page cache", severity: .critical,
    summary: "The kernel printed BUG: Bad page cache.",
    truth: """
      A page that is taken out of a file must have been unmapped before. If it is still mapped, the process keeps access to memory \
      that goes to its next owner.
      """,
    versions: "all",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "The line with the name of the task and the frame number, and the dump of the page.",
    lookAlikes: "Hardware poison that was handled while the file was truncated.",
    undecidable: "Messages were dropped by printk, or the log begins after the message.",
    fix: "Find who mapped the page without rmap, or did not unmap it.",
    source: "mm/filemap.c:filemap_unaccount_folio, unaccount_page_cache_page",
    example: """
      BUG: Bad page cache in process truncate  pfn:31c00
      page: refcount:3 mapcount:1 mapping:00000000b6a1f5b2 index:0x0 pfn:0x31c00
      page dumped because: still mapped when deleted
      """)
}
