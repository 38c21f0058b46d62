internal import LedgerCore

/// A page table holds a swap entry that no swap area has.
struct PL105BadSwapEntry: ComplaintRule {
  let kind = ComplaintKind.badSwapEntry

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .high,
      title: "\(complaint.function) met a swap entry that no swap area has: \(complaint.reason)",
      advice: """
        a page table or the swap cache was overwritten: look for other complaints around it, and for drivers that write through stale \
        mappings
        """,
      doubt: "false only if memory itself is faulty, or a swap area was taken away by force")
  }

  let description = RuleDescription(
    id: "PL105", name: "bad swap entry", severity: .high,
    summary: "The kernel printed Bad or Unused swap file or offset entry.",
    truth: """
      A swap entry in a page table names a swap area and a place in it. One that names none was never written by the kernel's swap \
      code: the page table holds foreign bits.
      """,
    versions: "all; the functions changed their names",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: "The line with the entry.",
    lookAlikes: "Faulty memory.",
    undecidable: "Messages were dropped by printk, or the log begins after the message.",
    fix: "Treat it as memory corruption: record who writes to the page of the table.",
    source: "mm/swapfile.c:_swap_info_get, get_swap_device",
    example: """
      _swap_info_get: Bad swap file entry 20003fffffff
      """)
}
