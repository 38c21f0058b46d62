internal import LedgerCore

/// The allocator found a page in a state that no free page may have.
struct PL101BadPageState: ComplaintRule {
  let kind = ComplaintKind.badPageState

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    let isLeak =
      complaint.reason.hasPrefix("page_pool leak")
      || complaint.reason.hasPrefix("page still charged")
    return ComplaintCharge(
      severity: isLeak ? .high : .critical,
      title: complaint.joined(
        "the allocator found \(complaint.page.isEmpty ? "a page" : complaint.page) in a bad state: "
          + (complaint.reason.isEmpty ? "no reason printed" : complaint.shortReason),
        complaint.counts),
      advice: """
        the page was freed or handed out while somebody still used it, and is now withdrawn for good: look at page_owner's stacks, and record \
        page_ref and kmem events to see who put it last
        """,
      doubt:
        "false only if memory itself is faulty: one flipped bit in flags or counts points to that")
  }

  let description = RuleDescription(
    id: "PL101", name: "bad page state", severity: .critical,
    summary: "The kernel printed BUG: Bad page state.",
    truth: """
      A page on its way into or out of the allocator must have no references, no mappings, no mapping and none of the flags of use. \
      The kernel checks that, prints the page and never uses it again. Somebody freed a page that is in use, or used one that was \
      free.
      """,
    versions: "all; which pages are checked depends on CONFIG_DEBUG_VM and check_pages",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "The line with the name of the task and the frame number; the dump of the page and the reason behind it.",
    lookAlikes: "Faulty memory: a single bit in flags or mapping.",
    undecidable: """
      Messages were dropped by printk, or the log begins after the message. After 60 messages the kernel is quiet for a minute and \
      then says how many it left out.
      """,
    fix: """
      Find the last put by page_ref events, or the stacks of page_owner=on; boot with CONFIG_DEBUG_VM to stop earlier.
      """,
    source:
      "mm/page_alloc.c:bad_page, free_page_is_bad, check_new_pages; mm/debug.c:dump_page",
    example: """
      BUG: Bad page state in process worker  pfn:2f0a1
      page: refcount:0 mapcount:1 mapping:0000000000000000 index:0x0 pfn:0x2f0a1
      page dumped because: nonzero mapcount
      """)
}
