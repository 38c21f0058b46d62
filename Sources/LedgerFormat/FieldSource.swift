internal import LedgerCore

/// Which field of a format fills which slot of an event.
struct FieldSource {
  var slot: WritableKeyPath<EventPlan, FieldSlot>
  /// Names in different versions, the best first.
  var names: [String]
  /// Without it the event says nothing.
  var isNeeded: Bool

  init(_ slot: WritableKeyPath<EventPlan, FieldSlot>, _ names: String..., isNeeded: Bool = true) {
    self.slot = slot
    self.names = names
    self.isNeeded = isNeeded
  }
}

extension EventKind {
  /// The fields of the event, as include/trace/events/{page_ref,kmem,kvm}.h, arch/x86/kvm/trace.h and
  /// arch/x86/kvm/mmu/mmutrace.h name them in 5.4 to 7.1; for probes, the usual names of arguments.
  var sources: [FieldSource] {
    switch self {
    case .pageRefSet, .pageRefMod, .pageRefUnfreeze: Self.pageRefSources
    case .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless, .pageRefFreeze:
      Self.pageRefSources + [FieldSource(\.result, "ret")]
    case .pageAlloc:
      [
        FieldSource(\.pfn, "pfn"), FieldSource(\.order, "order"), FieldSource(\.word, "gfp_flags"),
        FieldSource(\.value, "migratetype", isNeeded: false),
      ]
    case .pageFree: [FieldSource(\.pfn, "pfn"), FieldSource(\.order, "order")]
    case .pageFreeBatched: [FieldSource(\.pfn, "pfn")]
    case .kvmPageFault:
      [
        FieldSource(\.word, "fault_address", "address"), FieldSource(\.pointer, "error_code"),
        FieldSource(\.value, "vcpu_id", "vcpu", isNeeded: false),
      ]
    case .kvmSpteRequested:
      [
        FieldSource(\.pfn, "pfn"), FieldSource(\.word, "gfn"), FieldSource(\.order, "level"),
      ]
    case .kvmSetSpte:
      [
        FieldSource(\.word, "spte"), FieldSource(\.pointer, "gfn"), FieldSource(\.order, "level"),
      ]
    case .kvmUserspaceExit: [FieldSource(\.value, "reason"), FieldSource(\.result, "errno")]
    case .hvaToPfn: [FieldSource(\.word, "addr", "hva", "arg1")]
    case .hvaToPfnReturn: []
    case .splitPage, .prepCompoundPage:
      [
        FieldSource(\.word, "page", "arg1"), FieldSource(\.order, "order", "arg2"),
        FieldSource(\.pointer, "vmemmap", isNeeded: false),
      ]
    case .other, .gapOpens, .gapCloses, .complaint: []
    }
  }

  private static var pageRefSources: [FieldSource] {
    [
      FieldSource(\.pfn, "pfn"), FieldSource(\.word, "flags", isNeeded: false),
      FieldSource(\.count, "count"), FieldSource(\.mapcount, "mapcount", isNeeded: false),
      FieldSource(\.pointer, "mapping", isNeeded: false),
      FieldSource(\.order, "mt", isNeeded: false), FieldSource(\.value, "val"),
    ]
  }
}
