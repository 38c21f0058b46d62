internal import LedgerCore

/// Allocations of one task and kind.
struct AllocationSite: Hashable {
  var pid: Int32
  var gfp: UInt64
  var order: UInt8
}

/// Pages that were allocated for the kernel's own plain use, and of which nothing was heard since.
///
/// Most allocations are of kinds that live long by design: page cache, page tables, slab, what is charged to a
/// process. They are told by their gfp flags and left out.
struct LonePages {
  private static let limit = 1 << 18
  /// include/linux/gfp_types.h, 5.4 to 6.1; later kernels keep the low bits. HIGHMEM, MOVABLE, RECLAIMABLE, ZERO, NORETRY, NOWARN.
  private static let otherUses: UInt64 = 0x02 | 0x08 | 0x10 | 0x100 | 0x2000 | 0x10000
  /// __GFP_ACCOUNT: what a process is charged for.
  private static let account: UInt64 = 0x400000
  /// GFP_KERNEL: __GFP_IO, __GFP_FS and the right to reclaim.
  private static let kernel: UInt64 = 0xc0

  private(set) var pages: [UInt64: (site: AllocationSite, event: Event)] = [:]
  private(set) var released: Set<AllocationSite> = []

  /// True for an allocation that is followed.
  mutating func add(_ event: Event) -> Bool {
    guard !event.gaps.contains(.gfp), event.word & Self.kernel == Self.kernel,
      event.word & (Self.otherUses | Self.account | GfpFlags.compound) == 0,
      pages.count < Self.limit
    else { return false }
    let site = AllocationSite(pid: event.pid, gfp: event.word, order: event.order)
    guard !released.contains(site) else { return false }
    pages[event.pfn] = (site, event)
    return true
  }

  /// Somebody used or freed the page: its site gives back what it takes.
  mutating func touch(_ pfn: UInt64) {
    guard let page = pages.removeValue(forKey: pfn) else { return }
    if released.count < Self.limit { released.insert(page.site) }
  }
}

extension Replay {
  /// So many pages of one task and kind, all of them kept, are no working set of a call.
  private static var growthFloor: Int { 24 }

  /// At the end: tasks that allocated and allocated and gave nothing back.
  mutating func judgeGrowth() {
    var sites: [AllocationSite: [Event]] = [:]
    for page in holders.lone.pages.values where !holders.lone.released.contains(page.site) {
      sites[page.site, default: []].append(page.event)
    }
    for events in sites.values.filter({ $0.count >= Self.growthFloor }).sorted(by: {
      ($0.map(\.time).min() ?? 0) < ($1.map(\.time).min() ?? 0)
    }) {
      for event in events.sorted(by: { ($0.time, $0.pfn) < ($1.time, $1.pfn) }) {
        noteHolder(event, pfn: event.pfn, .leaked, [])
      }
    }
  }
}
