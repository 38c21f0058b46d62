public import LedgerCore

/// A place in an `Event`, or a number on its way to one.
public enum EventSlot: Sendable {
  case pfn, word, pointer, extra, span, count, mapcount, value, result, order
  /// Address of a `struct page`, which becomes the page frame number.
  case page
  /// Where the array of `struct page` begins.
  case vmemmap
  /// Bytes, which become pages in `result`.
  case size
}

/// Which argument something is, from 1, in a range of versions.
struct ArgumentPlace: Sendable {
  var position: Int
  var versions: Range<KernelVersion>

  /// From the first version up to the second, without it.
  static func place(
    _ position: Int, _ first: (Int, Int), _ end: (Int, Int)
  ) -> ArgumentPlace {
    ArgumentPlace(
      position: position,
      versions: KernelVersion(first.0, first.1)..<KernelVersion(end.0, end.1))
  }
}

/// Which field of a format, or argument of a probe, fills which slot of an event.
public struct FieldSource: Sendable {
  /// Where the number goes.
  public var slot: EventSlot
  /// Names in different versions, the best first.
  public var names: [String]
  /// Which argument of the probed function it is, from 1; 0 when that differs between versions or for a field of a struct.
  public var position: Int
  /// The same in some versions only.
  var places: [ArgumentPlace] = []
  /// Without it the event says nothing.
  public var isNeeded: Bool
  /// Printed in hexadecimal without `0x`.
  public var isHex = false

  init(_ slot: EventSlot, _ names: String..., at position: Int = 0, isNeeded: Bool = true) {
    self.slot = slot
    self.names = names
    self.position = position
    self.isNeeded = isNeeded
  }

  /// A source whose argument has these places; `isNeeded` as in the initializer.
  func at(_ places: ArgumentPlace...) -> FieldSource {
    var source = self
    source.places = places
    return source
  }

  /// Which argument it is in a version; where no version is known, what is the same in all of them.
  public func position(in version: KernelVersion?) -> Int {
    guard position == 0, let version else { return position }
    return places.first { $0.versions.contains(version) }?.position ?? 0
  }

  static func hex(_ slot: EventSlot, _ names: String..., isNeeded: Bool = true) -> FieldSource {
    var source = FieldSource(slot, isNeeded: isNeeded)
    source.names = names
    source.isHex = true
    return source
  }
}

extension EventKind {
  /// The fields of the event, as include/trace/events/{page_ref,kmem,kvm,pagemap,iommu,dma}.h, arch/x86/kvm/trace.h and
  /// arch/x86/kvm/mmu/mmutrace.h name them in 5.4 to 7.1; for probes, the usual names of arguments.
  public var sources: [FieldSource] {
    switch self {
    case .pageRefSet, .pageRefMod, .pageRefUnfreeze: Self.pageRefSources
    case .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless, .pageRefFreeze:
      Self.pageRefSources + [FieldSource(.result, "ret")]
    case .pageAlloc:
      [
        FieldSource(.pfn, "pfn"), FieldSource(.order, "order"), FieldSource(.word, "gfp_flags"),
        FieldSource(.value, "migratetype", isNeeded: false),
      ]
    case .pageFree: [FieldSource(.pfn, "pfn"), FieldSource(.order, "order")]
    case .pageFreeBatched: [FieldSource(.pfn, "pfn")]
    case .lruInsertion, .lruActivate:
      [FieldSource(.pfn, "pfn"), .hex(.word, "folio", "page", isNeeded: false)]
    case .userFault:
      [
        FieldSource(.word, "address", isNeeded: false),
        FieldSource(.pointer, "error_code", isNeeded: false),
      ]
    case .iommuMap, .iommuUnmap, .dmaMap, .dmaUnmap, .dmaMapSg, .dmaUnmapSg: deviceSources
    case .migrationSet, .migrationRemoved:
      [.hex(.word, "addr"), .hex(.pointer, "pte"), FieldSource(.order, "order", isNeeded: false)]
    case .migrationHugeSet, .migrationHugeRemoved: [.hex(.word, "addr"), .hex(.pointer, "pmd")]
    case .vmaStore, .vmaErase, .exitMmap: spaceSources
    case .kvmPageFault, .kvmSpteRequested, .kvmSetSpte, .kvmUserspaceExit, .spteChanged,
      .unmapHva, .zapAllFast:
      guestSources
    case .other, .gapOpens, .gapCloses, .complaint: []
    default: ProbeCatalog.sources(of: self)
    }
  }

  private static var pageRefSources: [FieldSource] {
    [
      FieldSource(.pfn, "pfn"), FieldSource(.word, "flags", isNeeded: false),
      FieldSource(.count, "count"), FieldSource(.mapcount, "mapcount", isNeeded: false),
      FieldSource(.pointer, "mapping", isNeeded: false),
      FieldSource(.order, "mt", isNeeded: false), FieldSource(.value, "val"),
    ]
  }

  private var guestSources: [FieldSource] {
    switch self {
    case .kvmPageFault:
      [
        FieldSource(.word, "fault_address", "address"), FieldSource(.pointer, "error_code"),
        FieldSource(.value, "vcpu_id", "vcpu", isNeeded: false),
      ]
    case .kvmSpteRequested:
      [FieldSource(.pfn, "pfn"), FieldSource(.word, "gfn"), FieldSource(.order, "level")]
    case .kvmSetSpte:
      [
        FieldSource(.word, "spte"), FieldSource(.pointer, "gfn"), FieldSource(.order, "level"),
        FieldSource(.extra, "sptep", isNeeded: false),
      ]
    case .kvmUserspaceExit: [FieldSource(.value, "reason"), FieldSource(.result, "errno")]
    case .spteChanged:
      [
        .hex(.word, "new_spte"), .hex(.pointer, "gfn"), .hex(.extra, "old_spte"),
        FieldSource(.order, "level"), FieldSource(.value, "as_id", "id", isNeeded: false),
      ]
    case .unmapHva: [FieldSource(.word, "start"), FieldSource(.extra, "end")]
    default: []
    }
  }

  private var spaceSources: [FieldSource] {
    let tree = FieldSource(.pointer, "mt")
    return switch self {
    case .vmaStore:
      [
        tree, FieldSource(.extra, "vma"), FieldSource(.word, "vm_start"),
        FieldSource(.span, "vm_end"),
      ]
    case .vmaErase: [tree, FieldSource(.word, "start"), FieldSource(.span, "end")]
    default: [tree, FieldSource(.word, "mm", isNeeded: false)]
    }
  }

  private var deviceSources: [FieldSource] {
    switch self {
    // Lists: `ScatterList` reads them.
    case .dmaMapSg, .dmaUnmapSg: []
    case .iommuMap:
      [FieldSource(.word, "iova"), FieldSource(.pfn, "paddr"), FieldSource(.pointer, "size")]
    case .iommuUnmap:
      [FieldSource(.word, "iova"), FieldSource(.pointer, "unmapped_size", "size")]
    case .dmaMap:
      [
        .hex(.word, "dma_addr"), .hex(.pfn, "phys_addr"), FieldSource(.pointer, "size"),
      ]
    default: [.hex(.word, "addr", "dma_addr"), FieldSource(.pointer, "size")]
    }
  }
}

extension Event {
  /// Puts a number into a slot; `page`, `vmemmap` and `size` are kept apart by the caller.
  public mutating func fill(_ slot: EventSlot, with number: UInt64) {
    let int = Int32(truncatingIfNeeded: number)
    switch slot {
    case .pfn: pfn = number
    case .word: word = number
    case .pointer: pointer = number
    case .extra: extra = number
    case .span: span = number
    case .count: count = int
    case .mapcount: mapcount = int
    case .value: value = int
    case .result: result = int
    case .order: order = UInt8(clamping: number)
    case .page, .vmemmap, .size: break
    }
  }

  /// Completes an event whose kind and slots are filled in, from a `struct page` and a size in bytes where it has those;
  /// false if no machine has what it names.
  @inline(__always)
  public mutating func complete(page: UInt64, vmemmap: UInt64, size: UInt64) -> Bool {
    switch kind {
    case .pageFree: return order <= Event.orderLimit && pfn < Event.frameLimit
    case .pageAlloc:
      return order <= Event.orderLimit && (pfn < Event.frameLimit || pfn == Event.noFrame)
    case .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless,
      .pageRefFreeze, .pageRefUnfreeze, .pageFreeBatched:
      return pfn < Event.frameLimit
    default: return completeRare(page, vmemmap, size)
    }
  }

  @inline(never)
  private mutating func completeRare(_ page: UInt64, _ vmemmap: UInt64, _ size: UInt64) -> Bool {
    switch kind {
    case .other: return false
    case .kvmSpteRequested:
      // KVM marks errors and missing slots in the high bits: include/linux/kvm_host.h, 6.1.
      if pfn >= Event.frameLimit { pfn = Event.noFrame }
      return true
    case .kvmSetSpte: pfn = (word & 0x000f_ffff_ffff_f000) >> 12
    // arch/x86/kvm/mmu.h: PT64_ROOT_5LEVEL is the highest level.
    case .spteChanged: return (1...5).contains(order)
    case .hvaToPfnReturn:
      guard word < 0x7ff0_0000_0000_0000 else { return true }
      pfn = word
    case .splitPage, .prepCompoundPage, .freePages, .ttmPageFree:
      guard order <= Event.orderLimit else { return false }
      return resolve(page, vmemmap)
    case .badPage, .grab: return resolve(page, vmemmap)
    case .insertPage, .insertPages: return resolve(page, vmemmap) && isAligned
    case .insertPfn, .insertHuge, .remapRange:
      // pfn_t up to 6.16 has flags in its high bits, PFN_DEV and PFN_MAP among them: include/linux/pfn_t.h, 6.1.
      let isDevmap = pfn >> 60 & 3 == 3
      pfn &= 0x000f_ffff_ffff_ffff
      if kind == .remapRange {
        result = Int32(clamping: (size >> 12) &+ (size & 0xfff == 0 ? 0 : 1))
      } else {
        result = isDevmap ? 1 : 0
      }
    case .iommuMap, .dmaMap: pfn >>= 12
    case .dmaMapSg, .dmaUnmapSg:
      pfn = word >> 12
    case .migrationSet, .migrationHugeSet:
      pfn = Self.frame(ofMigration: pointer)
      return true
    case .migrationRemoved, .migrationHugeRemoved:
      // Bit 0 is the valid bit of x86 and arm64; an entry without it, such as one of NUMA balancing, hides its frame.
      if pointer & 1 != 0 { pfn = (pointer & 0x000f_ffff_ffff_f000) >> 12 }
      return true
    case .memslot:
      result = Int32(clamping: size >> 12)
      return isAligned
    case .lruInsertion, .lruActivate: break
    default: return isAligned
    }
    return pfn < Event.frameLimit && isAligned
  }

  /// The frame in a migration entry of x86-64, else `noFrame`: arch/x86/include/asm/pgtable_64.h:__swp_offset, 5.4 to 7.1.
  ///
  /// The offset lies inverted at bit 14 before its type of 5 bits is cut off; above 34 bits of frame number stand the
  /// accessed and dirty bits of the entry (include/linux/swapops.h:SWP_PFN_BITS, 6.1). Types of migration are the last ones.
  private static func frame(ofMigration entry: UInt64) -> UInt64 {
    guard entry >> 59 >= 0x18, entry & 1 == 0 else { return noFrame }
    return (~entry << 5) >> 14 & (1 << 34 - 1)
  }

  /// The frame of a `struct page`: include/linux/mm_types.h, 64 bytes on nearly every 64-bit machine.
  private mutating func resolve(_ page: UInt64, _ vmemmap: UInt64) -> Bool {
    guard page > 0 else {
      pfn = Event.noFrame
      return true
    }
    guard vmemmap > 0 else {
      pfn = page
      gaps.insert(.pageAddress)
      return true
    }
    guard page >= vmemmap, (page &- vmemmap) & 7 == 0 else { return false }
    pfn = (page &- vmemmap) >> 6
    return pfn < Event.frameLimit
  }
}
