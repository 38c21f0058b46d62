internal import LedgerCore

/// A check of a page's reference count failed in the kernel itself.
struct PL106PageReference: ComplaintRule {
  let kind = ComplaintKind.pageReference

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .critical,
      title: complaint.joined(
        "a check of a page's reference count failed in \(complaint.place)"
          + (complaint.page.isEmpty ? "" : ": \(complaint.page)"), complaint.counts),
      advice: """
        somebody takes or puts a reference on a page that has none, or whose count ran over: follow the stack to the caller, use \
        folio_try_get() and handle the refusal, and record page_ref events of this page
        """,
      doubt: "a check in these files may concern another state of the page: the stack tells")
  }

  let description = RuleDescription(
    id: "PL106", name: "check of a page reference failed", severity: .critical,
    summary: "A WARN or BUG in get_page, try_get_page, put_page or their relatives.",
    truth: """
      A get needs a page that is held; a put needs a count above zero. The kernel checks both where it costs little: get_page and \
      put_page with CONFIG_DEBUG_VM, try_get_page, try_grab_folio and unpin_user_page always. A failure is a get on a page that nobody \
      holds, a put too many or an overflow.
      """,
    versions: "all; get_page's check is a BUG with CONFIG_DEBUG_VM, try_get_page warns once",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: """
      WARNING or kernel BUG at include/linux/mm.h, page_ref.h, mm/gup.c or mm/swap.c, with the dump of the page where there is one.
      """,
    lookAlikes: "Other checks in the same headers.",
    undecidable:
      "Messages were dropped by printk, or the log begins after the message. WARN_ON_ONCE speaks only the first time.",
    fix:
      "Hold a reference before the page is shared; on foreign pages use the try forms.",
    source:
      "include/linux/mm.h:get_page, try_get_page, put_page_testzero; mm/gup.c:try_grab_folio",
    example: """
      page dumped because: VM_BUG_ON_FOLIO(((unsigned int) folio_ref_count(folio) + 127u <= 127u))
      kernel BUG at include/linux/mm.h:1135!
      """)
}
