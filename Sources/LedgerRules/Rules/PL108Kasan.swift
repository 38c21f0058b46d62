internal import LedgerCore

/// KASAN saw an access that it may not have, and names the page.
struct PL108Kasan: ComplaintRule {
  let kind = ComplaintKind.kasan

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    let isFreed = complaint.reason.contains("use-after-free") || complaint.reason.contains("free")
    return ComplaintCharge(
      severity: isFreed ? .critical : .high,
      title: complaint.joined(
        "KASAN: \(complaint.reason) in \(complaint.function)"
          + (complaint.page.isEmpty ? "" : ", on \(complaint.page)"), complaint.counts),
      advice: isFreed
        ? "the stacks of allocation and free say who freed it too early; if the page itself was freed (page_owner tracks it as freed), look at the references of the page"
        : "the access lies outside of the object: the page's references are not at fault, its contents are",
      doubt:
        "KASAN watches accesses, not references: the page is where the bytes lie, not what was misused"
    )
  }

  let description = RuleDescription(
    id: "PL108", name: "KASAN names a page", severity: .critical,
    summary: "A report of KASAN with the dump of the page behind the address.",
    truth: """
      KASAN marks memory that may not be touched. use-after-free without slab means that the page itself was free. In a slab the \
      object was.
      """,
    versions: "all with CONFIG_KASAN; the names of the kinds grew over time",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "BUG: KASAN: with kind and function, and the dump of the page in the same report.",
    lookAlikes: "Out-of-bounds accesses: a wrong address, and no wrong reference.",
    undecidable: """
      The report names no page: then it is no finding. Messages were dropped by printk, or the log begins after the message.
      """,
    fix: "Follow the two stacks; for pages record kmem and page_ref events.",
    source: "mm/kasan/report.c:print_report, print_address_description",
    example: """
      BUG: KASAN: use-after-free in reader+0x77/0x90
      page: refcount:0 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x5e2a8
      page_owner tracks the page as freed
      """)
}
