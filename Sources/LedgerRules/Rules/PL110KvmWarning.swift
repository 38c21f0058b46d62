internal import LedgerCore

/// KVM found a page that it maps in a state that it does not expect.
struct PL110KvmWarning: ComplaintRule {
  let kind = ComplaintKind.kvm

  func charge(_ complaint: KernelComplaint) -> ComplaintCharge {
    ComplaintCharge(
      severity: .high,
      title: complaint.joined(
        "KVM warns about a page of a guest in \(complaint.place)"
          + (complaint.page.isEmpty ? "" : ": \(complaint.page)"), complaint.counts),
      advice: """
        a page that is mapped into a guest lost its reference, or KVM's tables differ from the host's: look at who freed or moved the page \
        under the guest, and at PL010 in a trace
        """,
      doubt:
        "the warning may concern KVM's own tables only: look up the line in the sources of this kernel"
    )
  }

  let description = RuleDescription(
    id: "PL110", name: "KVM warning about pages", severity: .high,
    summary: "A WARN or BUG of KVM where it maps, unmaps or releases pages.",
    truth: """
      KVM keeps page tables of its own over the host's. It warns when a page that it drops has no references (kvm_is_zone_device_page, \
      mmu_spte_clear_track_bits) or its tables do not add up.
      """,
    versions: "all; most checks on counts went away with 6.13",
    needs: ["the kernel's log (console, dmesg, --console, or printk:console)"],
    proof:
      "WARNING or kernel BUG at arch/*/kvm/mmu or virt/kvm with a function about pages.",
    lookAlikes: "Warnings of KVM about registers, interrupts or ioctls: they are no finding.",
    undecidable:
      "Messages were dropped by printk, or the log begins after the message. WARN_ON_ONCE speaks only the first time.",
    fix: "Pages behind a guest must stay referenced or be announced by mmu notifiers.",
    source:
      "virt/kvm/kvm_main.c:kvm_is_zone_device_page (to 6.12); arch/x86/kvm/mmu/mmu.c",
    example: """
      WARNING: CPU: 3 PID: 310 at virt/kvm/kvm_main.c:172 kvm_is_zone_device_page+0x5c/0x70 [kvm]
      """)
}
