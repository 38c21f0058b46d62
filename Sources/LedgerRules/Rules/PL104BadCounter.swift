internal import LedgerCore

/// A process ended and its account of pages is not zero.
struct PL104BadCounter: ComplaintRule {
  let kind = ComplaintKind.badCounter

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .medium,
      title:
        "the account of \(complaint.reason.isEmpty ? "pages" : complaint.reason) of an ended process is not zero",
      advice: """
        pages were mapped or unmapped without being counted, or stay mapped for ever: look at what maps and unmaps by hand in this process, and \
        for other complaints just before
        """,
      doubt: "the count alone may be wrong: then no page is lost")
  }

  let description = RuleDescription(
    id: "PL104", name: "bad rss-counter", severity: .medium,
    summary: "The kernel printed BUG: Bad rss-counter state or non-zero pgtables_bytes.",
    truth: """
      When the last user of an mm is gone, each kind of its pages must count zero and its page tables must be freed. A rest means \
      pages that were mapped or unmapped without account, or page tables that leak.
      """,
    versions: "all; the kind is a number before 5.5 and a name later",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: "The line with the kind and the value.",
    lookAlikes: "Follows other damage (a killed task after an oops).",
    undecidable: "Messages were dropped by printk, or the log begins after the message.",
    fix:
      "Compare add_mm_counter and rmap calls of the code that maps into this process.",
    source: "kernel/fork.c:check_mm",
    example: """
      BUG: Bad rss-counter state mm:00000000d2f1a7c3 type:MM_ANONPAGES val:-3
      """)
}
