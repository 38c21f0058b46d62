internal import LedgerCore

/// The count of an object went wrong, which may hold pages.
struct PL107Refcount: ComplaintRule {
  let kind = ComplaintKind.refcount

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    let isUse = complaint.reason.contains("use-after-free") || complaint.reason.isEmpty
    let object = complaint.subject.isEmpty ? "an object" : "an object of \(complaint.subject)"
    return ComplaintCharge(
      severity: isUse ? .high : .medium,
      title:
        "refcount_t of \(object): \(complaint.reason.isEmpty ? "went wrong" : complaint.shortReason)"
        + (complaint.function.isEmpty ? "" : " in \(complaint.function)"),
      advice: complaint.subject.isEmpty
        ? "the stack names the object: it is not a page's own count, but what the object holds may be freed too early"
        : "the stack names the object: pages behind it are freed too early or never",
      doubt: "this is the count of an object, not of a page: nothing here says which pages it held")
  }

  let description = RuleDescription(
    id: "PL107", name: "refcount_t went wrong", severity: .high,
    summary:
      "The kernel printed refcount_t: underflow, saturated, addition on 0 or a sibling.",
    truth: """
      refcount_t guards objects such as buffers, files and mms. One put too many frees the object while it is used; one too few keeps \
      it, and its pages, for ever. Counts of pages are no refcount_t, but buffers of pages are counted by it.
      """,
    versions: "4.11 and later",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof: "The line refcount_t: and the warning at lib/refcount.c with its stack.",
    lookAlikes: "refcount_t used for what may start at zero.",
    undecidable:
      "Messages were dropped by printk, or the log begins after the message. Each kind is printed once a boot.",
    fix: "Find the put without a get along the stack.",
    source: "lib/refcount.c:refcount_warn_saturate",
    example: """
      refcount_t: underflow; use-after-free.
      WARNING: CPU: 0 PID: 71 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110
      """)
}
