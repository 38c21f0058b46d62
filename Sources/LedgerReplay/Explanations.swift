internal import LedgerCore

/// Patterns that a naive checker would report, and that the kernel means.
enum LegalPattern: Int, CaseIterable {
  case headHeldWhileFreed, splitBlock, exactAllocation, splitHugePage, bulkBirth
  case frozenFree, hugetlbPool, getFromFrozen, poisonedGet, refusedProbe
  case lateOrder, countRace, fragmentBias, occupiedEntry, writtenAway, inheritedEntry,
    laterReference
  case migrationEntry, changedInWindow

  /// A name that scripts can use.
  var name: String {
    switch self {
    case .headHeldWhileFreed: "head-held-while-freed"
    case .splitBlock: "split-block"
    case .exactAllocation: "exact-allocation"
    case .splitHugePage: "split-huge-page"
    case .bulkBirth: "bulk-birth"
    case .frozenFree: "frozen-free"
    case .hugetlbPool: "hugetlb-pool"
    case .getFromFrozen: "get-from-frozen"
    case .poisonedGet: "poisoned-page"
    case .refusedProbe: "refused-reference"
    case .lateOrder: "order-from-counts"
    case .countRace: "count-race"
    case .fragmentBias: "fragment-bias"
    case .occupiedEntry: "occupied-entry"
    case .writtenAway: "copied-on-write"
    case .inheritedEntry: "inherited-entry"
    case .laterReference: "reference-after-free-call"
    case .migrationEntry: "migration-entry"
    case .changedInWindow: "entry-changed-in-window"
    }
  }

  /// Why it is legal, with the place in the kernel.
  var reason: String {
    switch self {
    case .headHeldWhileFreed:
      "tails freed in halves while somebody holds the head of a plain block (mm/page_alloc.c:__free_pages, 5.10 on)"
    case .splitBlock: "tails got counts of their own (mm/page_alloc.c:split_page)"
    case .exactAllocation:
      "a part of a block is kept, the rest freed without references (mm/page_alloc.c:make_alloc_exact)"
    case .splitHugePage:
      "tails of a compound page got counts of their own (mm/huge_memory.c:__split_huge_page)"
    case .bulkBirth:
      "a page came alive without mm_page_alloc (bulk allocation, compaction, contiguous ranges)"
    case .frozenFree: "freed after its count was frozen, without a put (reclaim, migration)"
    case .hugetlbPool:
      "count frozen right after the allocation: the page waits in a pool (mm/hugetlb.c)"
    case .getFromFrozen:
      "a reference added to a count that its owner had frozen (mm/huge_memory.c:__split_huge_page)"
    case .poisonedGet:
      "a reference from 0 on a page that may be poisoned (mm/memory-failure.c)"
    case .refusedProbe:
      "a reference refused at count 0 outside of a guest's fault (compaction, KSM, page cache lookups)"
    case .lateOrder:
      "events of one time on several CPUs, put into the order that their counts tell"
    case .countRace:
      "a sampled count that another CPU had changed in between, and that came right again"
    case .fragmentBias:
      "a bias of 32,768 or more on a page that is handed out in fragments (mm/page_alloc.c:page_frag_alloc_align)"
    case .occupiedEntry:
      "an insertion into an entry that was not empty leaves it as it is (mm/memory.c:insert_pfn)"
    case .writtenAway: "an entry replaced by a private copy before its page was freed"
    case .inheritedEntry: "entries that a fork copied (mm/memory.c:copy_page_range)"
    case .laterReference:
      "an owner's free that left a reference, which was given back later"
    case .migrationEntry:
      "an entry that maps nothing while its page moves (mm/rmap.c:try_to_migrate_one)"
    case .changedInWindow:
      "a guest entry that the invalidating task itself wrote (virt/kvm/kvm_main.c:kvm_mmu_notifier_change_pte, up to 6.6)"
    }
  }
}

/// How often each legal pattern was seen, and where first.
struct Explanations {
  private struct Row {
    var count: UInt64 = 0
    var time: UInt64 = 0
    var pfn: UInt64 = 0
  }

  private var rows = [Row](repeating: Row(), count: LegalPattern.allCases.count)

  @inline(__always)
  mutating func add(_ pattern: LegalPattern, _ event: Event, count: UInt64 = 1) {
    if rows[pattern.rawValue].count == 0 {
      rows[pattern.rawValue].time = event.time
      rows[pattern.rawValue].pfn = event.pfn
    }
    rows[pattern.rawValue].count &+= count
  }

  var all: [Explained] {
    LegalPattern.allCases.compactMap { pattern in
      let row = rows[pattern.rawValue]
      guard row.count > 0 else { return nil }
      return Explained(
        name: pattern.name, reason: pattern.reason, count: row.count, firstTime: row.time,
        pfn: row.pfn)
    }
  }
}
