internal import LedgerCore

/// The kernel stopped at a check in its memory management.
struct PL109KernelBug: ComplaintRule {
  let kind = ComplaintKind.kernelBug

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .critical,
      title: complaint.joined(
        "kernel BUG at \(complaint.place)"
          + (complaint.page.isEmpty ? "" : ": \(complaint.page)"), complaint.counts,
        complaint.shortReason),
      advice: """
        the kernel stopped because going on would have damaged memory: the reason of the page's dump names the check, page_ref events before it \
        show who broke it
        """,
      doubt: "false only if something else than the kernel wrote these lines to its log")
  }

  let description = RuleDescription(
    id: "PL109", name: "kernel BUG in mm", severity: .critical,
    summary: "The kernel printed kernel BUG at a line of mm/.",
    truth: """
      BUG_ON and VM_BUG_ON_PAGE stand where the memory management would do damage if it went on. With a page's dump before it the \
      check names what was wrong with the page.
      """,
    versions: "all; VM_BUG_ON needs CONFIG_DEBUG_VM",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: "The line with the place; the dump of the page that precedes it.",
    lookAlikes: "A BUG in mm/ that concerns no page (usercopy, maps).",
    undecidable: "Messages were dropped by printk, or the log begins after the message.",
    fix:
      "Look up the line in the sources of this kernel; join the page's frame number with a trace.",
    source: "include/linux/mmdebug.h:VM_BUG_ON_PAGE; lib/bug.c:report_bug",
    example: """
      page dumped because: VM_BUG_ON_PAGE(PageTail(page))
      kernel BUG at mm/page_alloc.c:1134!
      """)
}
