/// One record of a capture, decoded: 64 bytes without references, so that batches stay in the cache.
///
/// The meaning of a slot depends on `kind`:
///
/// | kind | `pfn` | `word` | `pointer` | `count` | `mapcount` | `value` | `result` | `order` |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | page_ref | page | page flags | mapping | sampled `_refcount` | sampled | `val` | `ret` | `mt` |
/// | pageAlloc | head, `noFrame` if it failed | gfp flags | | | | migratetype | | order |
/// | pageFree, pageFreeBatched | head | | | | | | | order |
/// | kvmPageFault | | guest physical address | error code | | | vcpu | | |
/// | kvmSpteRequested | page | gfn | | | | | | level |
/// | kvmSetSpte | page | SPTE | gfn | | | | | level |
/// | kvmUserspaceExit | | | | | | reason | errno | |
/// | hvaToPfn | | host virtual address | | | | | | |
/// | hvaToPfnReturn | `noFrame` if refused | returned value | | | | | | |
/// | splitPage, prepCompoundPage | page | struct page address | vmemmap base | | | | | order |
/// | freePages, badPage, ttmPageFree | page | struct page address | vmemmap base | | | | | order |
/// | insertPfn, insertPage, writeCopy | page | user address | mm | vma (`extra`) | | vm_flags | | |
/// | insertHuge | first page | user address | mm | vma (`extra`) | | vm_flags | 1: devmap | order |
/// | insertPages, remapRange | first page | user address | mm | vma (`extra`) | | vm_flags | pages | |
/// | unmapRange | | user address | mm | vma (`extra`) | | end (`span`) | | |
/// | copyRange | | start | parent's mm | child's mm (`extra`) | | end (`span`) | | |
/// | moveTables | | old address | mm | bytes (`extra`) | | new address (`span`) | | |
/// | protect | | start | mm | end (`extra`) | | new vm_flags | old vm_flags | |
/// | gupFast, gupSlow | | user address | mm | pages (`extra`) | | gup flags | | |
/// | grab | page | struct page address | vmemmap base | | | references | gup flags | |
/// | followPte | | user address | mm | vma (`extra`) | | | | |
/// | all returns | | returned value | caller: a word of `StackTable`, or 0 | | | | | |
/// | spteChanged | | new SPTE | gfn | old SPTE (`extra`) | | address space | | level |
/// | changedSpte | | new SPTE | gfn | old SPTE (`extra`) | | kvm (`span`) | | level |
/// | dropSpte | | SPTE | its address | | | kvm (`span`) | | |
/// | memslot | | guest physical address | kvm | user address (`extra`) | | slot | pages | |
/// | notifierStart, notifierEnd | | start | mm | end (`extra`) | | notifier (`span`) | | reason |
/// | unmapHva | | start | | end (`extra`) | | | | |
/// | destroyVM | | | kvm | | | | | |
/// | vcpuMap | | gfn | vcpu | kvm (`extra`) | | | | |
/// | vcpuUnmap | | | vcpu | | | | | |
/// | ttmPopulate, ttmRelease | | ttm_tt | | | | | | |
/// | objectMmap, dmabufMmap | | start | object | vma (`extra`) | | end (`span`) | | |
/// | objectUnmap, objectMove | | | object | | | | | |
/// | iommuMap, dmaMap | first page | bus address | bytes | | | | | |
/// | iommuUnmap, dmaUnmap | | bus address | bytes | | | | | |
/// | dmaMapSg, dmaUnmapSg | first page | physical address | bytes | | | | | |
/// | migrationSet, migrationHugeSet | page, `noFrame` if not decoded | user address | entry | | | | | order |
/// | migrationRemoved, migrationHugeRemoved | new page, `noFrame` | user address | entry | | | | | order |
/// | vmaStore | | start | maple tree | vma (`extra`) | | last byte (`span`) | | |
/// | vmaErase | | start | maple tree | | | last byte (`span`) | | |
/// | exitMmap | | mm, 0 if not printed | maple tree | | | | | |
/// | lruInsertion, lruActivate | page | struct page address | | | | | | |
/// | userFault | | user address | error code | | | | | |
/// | gapOpens, gapCloses | | | | | | events lost | | |
public struct Event: Sendable, Equatable {
  /// Units of the capture's clock, nanoseconds for most clocks.
  public var time: UInt64 = 0
  /// Page frame number, `noFrame` when the event names none.
  public var pfn: UInt64 = Event.noFrame
  /// See the table above.
  public var word: UInt64 = 0
  /// See the table above.
  public var pointer: UInt64 = 0
  /// `_refcount` as read after the operation; not part of the atomic operation itself.
  public var count: Int32 = 0
  /// `page_mapcount()` up to 6.6, raw `_mapcount` (-1: unmapped) from 6.12.
  public var mapcount: Int32 = 0
  /// See the table above.
  public var value: Int32 = 0
  /// See the table above.
  public var result: Int32 = 0
  /// Thread id of the task that ran on the CPU; -1 when the capture does not say.
  public var pid: Int32 = -1
  /// The CPU that wrote the record.
  public var cpu: UInt16 = 0
  /// Index into `CaptureInfo.events`, the table of names and counts.
  public var format: UInt16 = 0
  /// What the event means.
  public var kind: EventKind = .other
  /// log2 of the pages of a block; a paging level or a migratetype in other kinds.
  public var order: UInt8 = 0
  /// What the text form could not say; see `Event.Gaps`.
  public var gaps: Gaps = []
  /// `common_flags` of the record: 0x01 irqs off, 0x08 hardirq, 0x10 softirq, 0x40 NMI.
  public var context: UInt8 = 0
  /// Place in the capture, counted from 0 over all CPUs in order of output; wraps at 2^32.
  public var ordinal: UInt32 = 0

  /// Stands for "no page frame"; no machine has so many.
  public static let noFrame = UInt64.max

  /// Page frame numbers at or above this cannot exist: 52 physical address bits, 4 KiB pages.
  public static let frameLimit: UInt64 = 1 << 40

  /// The largest order an allocator event may carry; the kernel's own limit is lower on every architecture.
  public static let orderLimit: UInt8 = 16

  /// Slots that a lossy encoding left out.
  public struct Gaps: OptionSet, Sendable, Equatable {
    /// The set as a word of bits.
    public let rawValue: UInt8
    /// Wraps a bit set as stored.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `gfp_flags=` was blank or not understood: whether `__GFP_COMP` was set is unknown.
    public static let gfp = Gaps(rawValue: 1)
    /// The errno of a KVM exit was not printed (libtraceevent's text hides it).
    public static let exitErrno = Gaps(rawValue: 2)
    /// Page flags are names or hashed, not the raw word.
    public static let pageFlags = Gaps(rawValue: 4)
    /// Names of page flags were printed, and hwpoison is among them.
    public static let hwpoison = Gaps(rawValue: 8)
    /// `pfn` holds the address of a `struct page`: the record does not say where the array of them begins.
    public static let pageAddress = Gaps(rawValue: 16)
  }

  /// 64 bits in the place of `count` and `mapcount`; see the table above.
  public var extra: UInt64 {
    get { UInt64(UInt32(bitPattern: count)) | UInt64(UInt32(bitPattern: mapcount)) << 32 }
    set {
      count = Int32(truncatingIfNeeded: newValue)
      mapcount = Int32(truncatingIfNeeded: newValue >> 32)
    }
  }

  /// 64 bits in the place of `value` and `result`; see the table above.
  public var span: UInt64 {
    get { UInt64(UInt32(bitPattern: value)) | UInt64(UInt32(bitPattern: result)) << 32 }
    set {
      value = Int32(truncatingIfNeeded: newValue)
      result = Int32(truncatingIfNeeded: newValue >> 32)
    }
  }

  /// An event of no kind at time 0.
  public init() {}
}
