internal import LedgerCore
internal import LedgerReplay

/// A count fell below zero.
struct PL003Underflow: Rule {
  let marks: Transition.Marks = .negative
  let requirements = Requirements(
    all: [.pageRefMod, .pageRefModAndTest], restsOnAbsence: false)

  /// Below this a count came from overflow: `try_get_page()` refuses such counts for that reason.
  private static let overflowCeiling = Int32.min / 2

  func charge(_ transition: Transition) -> Charge? {
    let count = worst(transition.event)
    let variant = count < Self.overflowCeiling ? "overflow" : "underflow"
    return Charge(
      verdict: verdict(transition, count), severity: .critical, variant: variant,
      pid: transition.event.pid)
  }

  /// One record of a page whose count was not known is confirmed by nothing but itself: when it takes the count through zero, it says what
  /// a put too many says. Nobody puts very often too much, and a flipped bit does look like that.
  private func verdict(_ transition: Transition, _ count: Int32) -> Verdict {
    let event = transition.event
    if let told = Self.told(by: event), told != event.count { return .likely }
    guard transition.marks.contains(.unchained) else { return .proven }
    if count < -Self.crowd { return .suspect }
    let (before, isOverflow) = count.subtractingReportingOverflow(transition.event.value)
    return !isOverflow && (0...Self.crowd).contains(before) ? .proven : .likely
  }

  /// The count that a record's other fields tell: what was set is what is there, and what was found to be zero is zero.
  private static func told(by event: Event) -> Int32? {
    switch event.kind {
    case .pageRefSet, .pageRefUnfreeze: event.value
    case .pageRefFreeze, .pageRefModAndTest: event.result != 0 ? 0 : nil
    default: nil
    }
  }

  /// More references than a page has that is put too often.
  private static let crowd: Int32 = 0x1_0000

  private func worst(_ event: Event) -> Int32 {
    event.kind == .pageRefModAndReturn ? min(event.count, event.result) : event.count
  }

  func story(_ transition: Transition, _ charge: Charge) -> Story {
    let count = worst(transition.event)
    let isOverflow = charge.variant == "overflow"
    return Story(
      title:
        "reference count of \(transition.place) \(isOverflow ? "overflowed to" : "fell to") \(count)",
      advice: isOverflow
        ? "somebody takes references in a loop without putting them: look for the get that repeats"
        : """
        a put too many: find the get it should pair with; if the page is a driver's page mapped by pfn, the caller must not put \
        it at all
        """,
      doubt: charge.verdict == .proven
        ? "none in the event itself: the kernel sampled a negative _refcount"
        : "false if the record is damaged: no other event of the page tells its count")
  }

  let description = RuleDescription(
    id: "PL003", name: "refcount underflow", severity: .critical,
    summary: "The count of a page is negative: a put too many, or an overflow.",
    truth: """
      _refcount is a bare atomic, nothing saturates and on production kernels nothing warns. At -1 the page is never freed again; if \
      the extra put comes after the free, the allocator finds the page bad at the next allocation.
      """,
    versions: "all",
    needs: ["page_ref:*"],
    proof: """
      A page_ref event whose sampled count, or returned result, is below 0 and follows from the count before it, or takes it through zero.
      """,
    lookAlikes: "mapcount -1 is normal from 6.12 on and is another field.",
    undecidable: "Never: one event proves it.",
    fix: "Pair each put with a get.",
    source: "include/linux/page_ref.h, mm/page_alloc.c:check_new_page",
    example: "page_ref_mod: pfn=0x108ebd count=-1 val=-2"
  )
}
