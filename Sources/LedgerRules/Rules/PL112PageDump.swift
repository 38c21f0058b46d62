internal import LedgerCore

/// The kernel dumped a page without another complaint.
struct PL112PageDump: ComplaintRule {
  let kind = ComplaintKind.pageDump

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    if let words = Self.legal.first(where: { complaint.reason.hasPrefix($0) }) {
      return ComplaintCharge(
        severity: .info,
        title: "\(complaint.page.isEmpty ? "a page" : complaint.page) could not be moved: \(words)",
        advice:
          "memory was to be taken away or moved, and this page is in use: nothing is wrong with it",
        doubt: "a page that can never be moved may be a reference that somebody forgot",
        isLegal: true)
    }
    return ComplaintCharge(
      severity: .medium,
      title: complaint.joined(
        "the kernel dumped \(complaint.page.isEmpty ? "a page" : complaint.page)",
        complaint.counts, complaint.reason.isEmpty ? "no reason printed" : complaint.shortReason),
      advice: "look at the lines around it for who called dump_page() and why",
      doubt: "a driver or a test may dump pages for its own purposes")
  }

  private static let legal = [
    "migration failure", "isolation failed", "unmovable page", "not isolated",
  ]

  let description = RuleDescription(
    id: "PL112", name: "dump of a page", severity: .medium,
    summary: "The kernel printed the state of a page, and no complaint that it belongs to.",
    truth: """
      dump_page() prints references, mappings, flags and owner of a page. It is called where a check failed. Memory that cannot be \
      taken offline is dumped too, and that is legal.
      """,
    versions:
      "all; 4.x prints count:, the frame number came with 5.10, 6.9 prints page: without an address",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: "The line page: with counts, and the line page dumped because.",
    lookAlikes: "Memory hotplug and CMA: migration failure, isolation failed, unmovable page.",
    undecidable: """
      Messages were dropped by printk, or the log begins after the message. Before 5.10 the frame number is not printed.
      """,
    fix: "Find the check by the words of the reason.",
    source: "mm/debug.c:dump_page",
    example: """
      page:00000000dbb7d825 refcount:0 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x100054
      page dumped because: VM_WARN_ON_ONCE_PAGE(PageTail(page))
      """)
}
