internal import LedgerCore

/// The memory management warned about the state of a page.
struct PL113PageWarning: ComplaintRule {
  let kind = ComplaintKind.pageWarning

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .high,
      title: complaint.joined(
        "the kernel warns about the state of a page in \(complaint.place)"
          + (complaint.page.isEmpty ? "" : ": \(complaint.page)"), complaint.counts),
      advice:
        "look up the line in the sources of this kernel: the condition names what was wrong; page_ref events before it show who broke it",
      doubt: "the warning may concern an account of memory and no single page")
  }

  let description = RuleDescription(
    id: "PL113", name: "warning about the state of a page", severity: .high,
    summary: "A WARN in the files of mm/ that handle pages.",
    truth: """
      The memory management warns where a page is not in the state that its place requires: mapped though it is free, on a list though \
      it is in use, counted below zero.
      """,
    versions: "all; many checks need CONFIG_DEBUG_VM",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "WARNING at a file of mm/ about pages, with the dump of the page where there is one.",
    lookAlikes: """
      Requests that the allocator refuses (order too large, wrong flags), and warnings about slabs, maps and accounts: they are no \
      finding.
      """,
    undecidable:
      "Messages were dropped by printk, or the log begins after the message. WARN_ON_ONCE speaks only the first time.",
    fix: "Look up the condition; join the page's frame number with a trace.",
    source: "include/linux/mmdebug.h; mm/rmap.c; mm/huge_memory.c; mm/page_alloc.c",
    example: """
      WARNING: CPU: 2 PID: 99 at mm/rmap.c:1252 __folio_rmap_sanity_checks+0x1f/0x60
      """)
}
