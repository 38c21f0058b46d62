/// What an event says about pages, whatever its capture calls it.
///
/// A tracepoint is recognised by group and name, a probe by the function it is attached to.
public enum EventKind: UInt8, Sendable, CaseIterable {
  /// Decoded and counted, but without meaning to the replay.
  case other

  // page_ref: include/trace/events/page_ref.h
  case pageRefSet
  case pageRefMod
  case pageRefModAndTest
  case pageRefModAndReturn
  case pageRefModUnless
  case pageRefFreeze
  case pageRefUnfreeze

  // kmem: include/trace/events/kmem.h
  case pageAlloc
  case pageFree
  case pageFreeBatched

  // kvm and kvmmmu: include/trace/events/kvm.h, arch/x86/kvm/trace.h, arch/x86/kvm/mmu/mmutrace.h
  case kvmPageFault
  case kvmSpteRequested
  case kvmSetSpte
  case kvmUserspaceExit

  // probes
  case hvaToPfn
  case hvaToPfnReturn
  case splitPage
  case prepCompoundPage

  // what the reader itself knows about its gaps
  /// From this time on events of one CPU are missing; later events of other CPUs lie in the dark.
  case gapOpens
  /// The missing events end here; `value` is their number when known, else 0.
  case gapCloses

  /// The kernel complained about the page `pfn`: `word` is one of `KernelComplaint.marks`. Never among decoded details.
  case complaint

  /// True for the seven events that read or change `_refcount`.
  public var isPageRef: Bool {
    rawValue >= Self.pageRefSet.rawValue && rawValue <= Self.pageRefUnfreeze.rawValue
  }

  /// True for the reader's own marks, which no capture contains as an event.
  public var isGap: Bool { self == .gapOpens || self == .gapCloses }

  /// The kernel's own name of the event, or of the function a probe is attached to.
  public var name: String {
    switch self {
    case .other: "other"
    case .pageRefSet: "page_ref_set"
    case .pageRefMod: "page_ref_mod"
    case .pageRefModAndTest: "page_ref_mod_and_test"
    case .pageRefModAndReturn: "page_ref_mod_and_return"
    case .pageRefModUnless: "page_ref_mod_unless"
    case .pageRefFreeze: "page_ref_freeze"
    case .pageRefUnfreeze: "page_ref_unfreeze"
    case .pageAlloc: "mm_page_alloc"
    case .pageFree: "mm_page_free"
    case .pageFreeBatched: "mm_page_free_batched"
    case .kvmPageFault: "kvm_page_fault"
    case .kvmSpteRequested: "kvm_mmu_spte_requested"
    case .kvmSetSpte: "kvm_mmu_set_spte"
    case .kvmUserspaceExit: "kvm_userspace_exit"
    case .hvaToPfn: "hva_to_pfn"
    case .hvaToPfnReturn: "hva_to_pfn_ret"
    case .splitPage: "split_page"
    case .prepCompoundPage: "prep_compound_page"
    case .gapOpens: "gap opens"
    case .gapCloses: "gap closes"
    case .complaint: "complaint"
    }
  }

  /// The trace group that a recorder must enable to get the event, `probe` when there is no tracepoint.
  public var group: String {
    switch self {
    case .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless,
      .pageRefFreeze, .pageRefUnfreeze:
      "page_ref"
    case .pageAlloc, .pageFree, .pageFreeBatched: "kmem"
    case .kvmPageFault, .kvmUserspaceExit: "kvm"
    case .kvmSpteRequested, .kvmSetSpte: "kvmmmu"
    case .hvaToPfn, .hvaToPfnReturn, .splitPage, .prepCompoundPage: "probe"
    case .other, .gapOpens, .gapCloses, .complaint: ""
    }
  }
}
