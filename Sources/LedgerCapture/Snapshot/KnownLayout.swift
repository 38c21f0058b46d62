import LedgerCore
import LedgerFormat

/// The layout of an event's records on 64-bit kernels, for snapshots that lack its description, and what its records must look like.
///
/// include/trace/events/{page_ref,kmem,kvm}.h, arch/x86/kvm/trace.h, arch/x86/kvm/mmu/mmutrace.h; 5.4 to 7.1. Sizes are those of
/// the kernel's structures, rounded up to 8 bytes.
struct KnownLayout: Sendable {
  let kind: EventKind
  /// Bytes of a record.
  let size: Int
  /// Records of other events hardly ever look like this one's.
  let isTelling: Bool
  private let fields: [(name: String, offset: Int, size: Int, isSigned: Bool)]
  let fits: @Sendable (RecordLook) -> Bool

  /// The description that the snapshot lacks.
  func format(id: Int) -> EventFormat {
    EventFormat(
      system: kind.group, name: kind.name, id: id, fields: Self.common + fields.map(Self.field),
      print: "")
  }

  /// The description of an event of which only the name is known.
  static func bare(_ name: String, id: Int) -> EventFormat {
    EventFormat(system: "", name: name, id: id, fields: common, print: "")
  }

  /// The description of a probe of which only the function is known.
  static func probe(_ kind: EventKind, id: Int) -> EventFormat {
    let own: [(String, Int, Int, Bool)] =
      kind == .hvaToPfnReturn
      ? [("__probe_func", 8, 8, false), ("__probe_ret_ip", 16, 8, false), ("ret", 24, 8, false)]
      : [("__probe_ip", 8, 8, false), ("addr", 16, 8, false)]
    return EventFormat(
      system: "probe", name: kind.name, id: id, fields: common + own.map(field), print: "")
  }

  private static let common: [FormatField] = [
    ("common_type", 0, 2, false), ("common_flags", 2, 1, false),
    ("common_preempt_count", 3, 1, false), ("common_pid", 4, 4, true),
  ].map(field)

  private static func field(_ row: (name: String, offset: Int, size: Int, isSigned: Bool))
    -> FormatField
  {
    FormatField(
      name: row.name, type: "u\(row.size * 8)", offset: row.offset, size: row.size,
      isSigned: row.isSigned, shape: .scalar)
  }
}

extension KnownLayout {
  /// All layouts; several for an event that changed.
  static let all: [KnownLayout] =
    pageRefs + [
      KnownLayout(
        kind: .pageAlloc, size: 40, isTelling: true,
        fields: [
          ("pfn", 8, 8, false), ("order", 16, 4, false), ("gfp_flags", 24, 8, false),
          ("migratetype", 32, 4, true),
        ],
        fits: { isFrame($0.u64(8)) && isOrder($0) && $0.u64(24) < 1 << 32 && isType($0.i32(32)) }),
      KnownLayout(
        kind: .pageAlloc, size: 32, isTelling: true,
        fields: [
          ("pfn", 8, 8, false), ("order", 16, 4, false), ("gfp_flags", 20, 4, false),
          ("migratetype", 24, 4, true),
        ],
        fits: { isFrame($0.u64(8)) && isOrder($0) && $0.i32(20) >= 0 && isType($0.i32(24)) }),
      KnownLayout(
        kind: .pageFree, size: 24, isTelling: false,
        fields: [("pfn", 8, 8, false), ("order", 16, 4, false)],
        fits: { $0.u64(8) < Event.frameLimit && isOrder($0) }),
      KnownLayout(
        kind: .pageFreeBatched, size: 16, isTelling: false, fields: [("pfn", 8, 8, false)],
        fits: { $0.u64(8) < Event.frameLimit }),
    ] + kvm

  private static func isOrder(_ look: RecordLook) -> Bool {
    (0...Int32(Event.orderLimit)).contains(look.i32(16))
  }

  private static func isFrame(_ pfn: UInt64) -> Bool { pfn < Event.frameLimit || pfn == .max }

  private static func isType(_ migratetype: Int32) -> Bool { (0..<16).contains(migratetype) }

  private static let kvm = [
    KnownLayout(
      kind: .kvmPageFault, size: 40, isTelling: true,
      fields: [
        ("vcpu_id", 8, 4, false), ("guest_rip", 16, 8, false), ("fault_address", 24, 8, false),
        ("error_code", 32, 8, false),
      ],
      fits: { (0..<4096).contains($0.i32(8)) && $0.u64(24) < 1 << 52 && $0.u64(32) < 1 << 48 }),
    KnownLayout(
      kind: .kvmPageFault, size: 24, isTelling: false,
      fields: [("fault_address", 8, 8, false), ("error_code", 16, 4, false)],
      fits: { $0.u64(8) < 1 << 52 }),
    KnownLayout(
      kind: .kvmSpteRequested, size: 32, isTelling: false,
      fields: [("gfn", 8, 8, false), ("pfn", 16, 8, false), ("level", 24, 1, false)],
      fits: { $0.u64(8) < Event.frameLimit && (1...5).contains($0.u8(24)) }),
    KnownLayout(
      kind: .kvmSetSpte, size: 40, isTelling: true,
      fields: [
        ("gfn", 8, 8, false), ("spte", 16, 8, false), ("sptep", 24, 8, false),
        ("level", 32, 1, false),
      ],
      fits: {
        $0.u64(8) < Event.frameLimit && $0.u64(24) < 1 << 52 && (1...5).contains($0.u8(32))
          && $0.u8(33) <= 1 && $0.u8(34) <= 1
      }),
    KnownLayout(
      kind: .kvmUserspaceExit, size: 16, isTelling: false,
      fields: [("reason", 8, 4, false), ("errno", 12, 4, true)],
      fits: { (0..<128).contains($0.i32(8)) && (-4095...0).contains($0.i32(12)) }),
  ]

  private static let pageRefs: [KnownLayout] = [
    pageRef(.pageRefSet) { $0.i32(24) == $0.i32(44) },
    pageRef(.pageRefMod) { abs(Int($0.i32(44))) < 1 << 24 },
    pageRef(.pageRefUnfreeze) { $0.i32(24) == $0.i32(44) && $0.i32(44) > 0 },
    pageRef(.pageRefModAndTest, hasResult: true) {
      $0.i32(44) < 0 && ($0.i32(48) == 1) == ($0.i32(24) == 0) && (0...1).contains($0.i32(48))
    },
    pageRef(.pageRefModAndReturn, hasResult: true) {
      $0.i32(44) != 0 && $0.i32(48) == $0.i32(24)
    },
    pageRef(.pageRefModUnless, hasResult: true) {
      $0.i32(44) > 0 && ($0.i32(48) == 0 || $0.i32(48) == 1 && $0.i32(24) > 0)
    },
    pageRef(.pageRefFreeze, hasResult: true) {
      $0.i32(44) > 0 && ($0.i32(48) == 0 || $0.i32(48) == 1 && $0.i32(24) == 0)
    },
  ]

  private static func pageRef(
    _ kind: EventKind, hasResult: Bool = false,
    _ fits: @escaping @Sendable (RecordLook) -> Bool
  ) -> KnownLayout {
    var fields = [
      ("pfn", 8, 8, false), ("flags", 16, 8, false), ("count", 24, 4, true),
      ("mapcount", 28, 4, true), ("mapping", 32, 8, false), ("mt", 40, 4, true),
      ("val", 44, 4, true),
    ]
    if hasResult { fields.append(("ret", 48, 4, true)) }
    return KnownLayout(
      kind: kind, size: hasResult ? 56 : 48, isTelling: true, fields: fields,
      fits: { $0.u64(8) < Event.frameLimit && isType($0.i32(40)) && fits($0) })
  }
}
