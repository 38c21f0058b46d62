internal import LedgerCore
internal import LedgerReplay

/// The last reference of a page was dropped while a page table maps it.
struct PL006DroppedMapped: Rule {
  let marks: Transition.Marks = .droppedMapped
  let requirements = Requirements(all: [.pageRefModAndTest], restsOnAbsence: false)

  func charge(_ transition: Transition) -> Charge? {
    // A mapcount of 0 means "mapped once" only where births show -1; a text without mapcount shows 0 everywhere.
    let isRaw = transition.event.mapcount == 0
    var charge = Charge(
      verdict: .likely, severity: .critical, variant: isRaw ? "raw" : "mapped",
      pid: transition.event.pid, dependsOnOthers: false)
    // That the entry was not removed before the put is told by this record alone.
    if !isRaw, !transition.marks.contains(.doubtful) { charge.disagreement = "mapped" }
    return charge
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    Story(
      title: "last reference of \(transition.place) dropped while it is mapped",
      advice: """
        somebody gave back the reference that belongs to the page table; a page that its driver frees by itself must not be mapped with \
        vm_insert_page
        """,
      doubt: charge.verdict == .proven
        ? "false if the sampled mapcount belongs to a page type of the kernel's own"
        : "false if the record is damaged: of no other page the same is told; or if the mapcount belongs to a page type of the kernel's own"
    )
  }

  let description = RuleDescription(
    id: "PL006", name: "last reference dropped while mapped", severity: .critical,
    summary:
      "A put brought the count to zero while the sampled mapcount says that a process maps the page.",
    truth: """
      A normal page table entry holds one reference. When the count reaches zero with a mapcount above that, rmap says "mapped" and the \
      allocator is told "free": the process goes on using a page that gets another owner.
      """,
    versions:
      "all; mapcount is 0 for unmapped up to 6.6 and -1 from 6.12 on, as the births in the capture show",
    needs: ["page_ref:page_ref_mod_and_test"],
    proof:
      "page_ref_mod_and_test with ret=1 and a mapcount that means mapped, as records before it say, of two pages or more.",
    lookAlikes:
      "Page types (slab, page table, buddy) show large negative mapcounts; PFN entries do not count at all (see PL007).",
    undecidable: "page_ref is not recorded.",
    fix: "Find the put without a get; map driver memory by pfn.",
    source: "mm/page_alloc.c:page_bad_reason (\"nonzero mapcount\")",
    example: """
      page_ref_mod_and_test: pfn=0x1037a3 count=0 mapcount=1 val=-1 ret=1
      mm_page_free:          pfn=0x1037a3 order=0
      """)
}
