internal import LedgerCore

/// Pages that were allocated while a buffer object was being filled: they belong to it until they are freed or given back.
///
/// drivers/gpu/drm/ttm/ttm_pool.c:ttm_pool_alloc, 5.11 to 7.1. Pages that come out of the pool without an allocation
/// are not known.
struct ObjectPages {
  private static let limit = 1 << 20
  /// `ttm_pool_alloc` calls in progress, by task.
  private var calls = PerTask<Event>()
  /// The call that each block, by its head, was allocated in.
  private var owners: [UInt64: Event] = [:]
  /// Blocks by `ttm_tt`.
  private var blocks: [UInt64: [UInt64]] = [:]

  /// A call is in progress. Kept as a value, for every allocation asks.
  private(set) var isFilling = false
  /// No object has pages; every free asks.
  private(set) var isEmpty = true

  mutating func begin(_ event: Event) {
    calls[event.pid] = event
    isFilling = true
  }

  /// The return; what a failed call had allocated is freed by itself.
  mutating func end(_ event: Event) {
    _ = calls.take(event.pid)
    isFilling = !calls.isEmpty
  }

  mutating func allocated(_ event: Event) {
    guard !event.isInInterrupt, let call = calls[event.pid], owners.count < Self.limit else {
      return
    }
    owners[event.pfn] = call
    isEmpty = false
    blocks[call.word, default: []].append(event.pfn)
  }

  mutating func freed(_ pfn: UInt64) {
    owners[pfn] = nil
    isEmpty = owners.isEmpty
  }

  /// `ttm_pool_free`: the pages go to the pool or to the allocator.
  mutating func release(_ event: Event) {
    for pfn in blocks.removeValue(forKey: event.word) ?? [] where owners[pfn]?.word == event.word {
      owners[pfn] = nil
    }
    isEmpty = owners.isEmpty
  }

  func owner(ofBlock head: UInt64) -> Event? { owners[head] }
}

extension Replay {
  /// The `ttm_pool_alloc` that a page was allocated in, if the object still has it.
  mutating func population(of pfn: UInt64) -> Event? {
    guard !holders.populations.isEmpty, let slot = table.existingSlot(of: pfn) else { return nil }
    let state = table[slot]
    guard state.epoch == gaps.epoch else { return nil }
    let head = state.block == 0 ? pfn : blocks[state.block].head
    return holders.populations.owner(ofBlock: head)
  }

  /// mm/page_alloc.c:bad_page: the kernel keeps the page out of the allocator, so that nothing of its past holds.
  mutating func pageGoneBad(_ event: Event) {
    guard isResolvable(event), let event = resolved(event), event.pfn != Event.noFrame,
      let slot = table.existingSlot(of: event.pfn)
    else { return }
    forget(table[slot], in: slot)
  }
}
