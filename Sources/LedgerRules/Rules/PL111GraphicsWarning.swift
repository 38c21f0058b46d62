internal import LedgerCore

/// TTM, GEM or dma-buf found the memory of a buffer in a state that it does not expect.
struct PL111GraphicsWarning: ComplaintRule {
  let kind = ComplaintKind.graphics

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .medium,
      title: complaint.joined(
        "a warning about the memory of a buffer in \(complaint.place)"
          + (complaint.page.isEmpty ? "" : ": \(complaint.page)"), complaint.counts),
      advice: """
        a buffer is freed while it is pinned, mapped or used, or its pages are counted wrong: follow the stack to the driver, and see what the \
        pages behind the buffer did in a trace
        """,
      doubt:
        "the warning may concern the buffer object and no page: look up the line in the sources of this kernel"
    )
  }

  let description = RuleDescription(
    id: "PL111", name: "warning of TTM, GEM or dma-buf", severity: .medium,
    summary: "A WARN or BUG in TTM, GEM helpers or dma-buf.",
    truth: """
      Buffers of graphics own pages that processes, devices and guests map. The helpers warn when a buffer goes away with pins, \
      mappings or users left, or when counts of pages do not add up.
      """,
    versions: "all",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "WARNING or kernel BUG at drivers/gpu/drm/ttm, drm_gem*, drm_prime or drivers/dma-buf.",
    lookAlikes: "Warnings of other parts of DRM: they are no finding.",
    undecidable:
      "Messages were dropped by printk, or the log begins after the message. WARN_ON_ONCE speaks only the first time.",
    fix: "Unpin and unmap before the last put of the buffer.",
    source:
      "drivers/gpu/drm/ttm/ttm_bo.c:ttm_bo_release; drivers/gpu/drm/drm_gem_shmem_helper.c",
    example: """
      WARNING: CPU: 1 PID: 88 at drivers/gpu/drm/ttm/ttm_bo.c:326 ttm_bo_release+0x2c5/0x330 [ttm]
      """)
}
