internal import LedgerCore

// Host page table entries by probes. mm/memory.c, mm/huge_memory.c, mm/mremap.c (5.4 to 7.1)
extension Replay {
  /// vmf_insert_pfn and its kin: the entry is written only if there was none (mm/memory.c:insert_pfn).
  mutating func insertFrames(_ event: Event) {
    guard let event = resolved(event).map({ withFlags($0) }) else { return }
    noteArea(event)
    var pages: UInt64 = 1
    var kind = HostMapping.Kind.special
    switch event.kind {
    case .insertHuge:
      // A PUD entry maps more, but the event does not say which of the two functions was called.
      kind = .huge
      pages = 512
    case .remapRange: pages = UInt64(max(event.result, 1))
    default: break
    }
    if kind == .huge { hugeEntered(event) } else { noteInsertion(event, isConfirmed: false) }
    enter(event, pages: pages, kind: kind)
  }

  private mutating func enter(_ event: Event, pages: UInt64, kind: HostMapping.Kind) {
    let address = event.word & (kind == .huge ? ~0x1f_ffff : ~0xfff)
    guard address > 0, address < HostTables.addressLimit, pages <= HostTables.pageLimit else {
      return
    }
    let range = address..<address &+ pages &* 4096
    if let there = holders.host.number(at: address, space: event.pointer) {
      let old = holders.host[there]
      // The same insertion seen by two probes.
      guard !old.maps(event.pfn, in: range) else { return }
      // Else the kernel leaves the old entry alone, unless it went unseen. Without an mm it may be another process's.
      holders.host[there].isConfirmed = false
      if event.pointer == 0 { holders.host[there].isDisputed = true }
      holders.inserted[event.pid] = nil
      explanations.add(.occupiedEntry, event)
      return
    }
    guard !holders.host.isOccupied(range, space: event.pointer) else { return }
    var mapping = HostMapping(
      space: event.pointer, address: address, pages: pages, pfn: event.pfn, vma: event.extra,
      flags: UInt32(bitPattern: event.value), kind: kind, insertion: event)
    mapping.isDisputed = mayHaveLeft(range, besides: event)
    guard let number = holders.host.add(mapping) else { return }
    holders.inserted[event.pid] = number
    if kind == .special { judgePairs(mapping) }
  }

  /// True if entries in a range were removed or moved at the same time on another CPU: that may have come behind.
  private mutating func mayHaveLeft(_ range: Range<UInt64>, besides event: Event) -> Bool {
    holders.letGo.contains(besides: event) { other in
      let end =
        other.kind == .moveTables ? other.word.addingReportingOverflow(other.extra).0 : other.span
      return end > other.word && (other.word..<end).overlaps(range)
        && (other.kind == .unmapRange || other.kind == .moveTables)
    }
  }

  /// The return of an insertion: one that failed left no entry.
  mutating func insertReturned(_ event: Event) {
    if event.kind == .insertHugeReturn { hugeReturned(event) }
    guard let number = holders.inserted[event.pid], holders.host[number].isLive,
      holders.host[number].insertion.pid == event.pid
    else { return }
    let isFault = event.kind == .insertPfnReturn || event.kind == .insertHugeReturn
    // include/linux/mm_types.h: VM_FAULT_NOPAGE
    let succeeded = isFault ? event.word & 0x100 != 0 : event.word == 0
    let mapping = holders.host[number]
    if succeeded {
      holders.host[number].isConfirmed = true
      if mapping.kind != .huge { noteInsertion(mapping.insertion, isConfirmed: true) }
      return
    }
    guard !mapping.isConfirmed else { return }
    holders.host.remove(mapping.address..<mapping.end, space: mapping.space) { _ in }
    holders.inserted[event.pid] = nil
  }

  /// mm/memory.c:unmap_page_range: the one door of munmap, exit, MADV_DONTNEED and unmap_mapping_range.
  mutating func unmap(_ event: Event) {
    guard event.span > event.word else { return holders.host.contradict(vma: event.extra) }
    let range = event.word..<event.span
    holders.letGo.note(event)
    holders.objects.unmapped(range, event)
    forgetProtections(range, space: event.pointer)
    guard !holders.host.isEmpty else { return }
    holders.host.noteSpace(event.pointer, vma: event.extra)
    noteLookups(range, event)
    removeEntries(range, event)
  }

  /// Takes the entries in a range out; where the event or the entry names no mm, the vma decides.
  mutating func removeEntries(_ range: Range<UInt64>, _ event: Event) {
    let space = event.pointer
    var isOfVma = false
    let note = { (gone: HostMapping) in if gone.vma == event.extra { isOfVma = true } }
    if space != 0 { holders.host.remove(range, space: space, gone: note) }
    for other in space == 0 ? holders.host.allSpaces : [0] where other != HostTables.unnamed {
      holders.host.removeUnplaced(range, vma: event.extra, in: other, gone: note)
    }
    if isOfVma { holders.host.noteUnmap(range, vma: event.extra) }
    // Perhaps another process's: no longer certain, and nobody is accused by it.
    holders.host.remove(range, space: HostTables.unnamed) { _ in }
  }

  /// mm/memory.c:copy_page_range: a child gets the entries of VM_PFNMAP and VM_MIXEDMAP vmas.
  mutating func copy(_ event: Event) {
    guard event.span > event.word, event.pointer != event.extra, event.extra != 0 else { return }
    if event.pointer != 0, event.span <= HostTables.addressLimit {
      holders.vmas.copy(event.word..<event.span, from: event.pointer, to: event.extra)
    }
    for number in holders.host.numbers(in: event.word..<event.span, space: event.pointer) {
      var mapping = holders.host[number]
      guard mapping.kind != .huge,
        !holders.host.isOccupied(mapping.address..<mapping.end, space: event.extra)
      else { continue }
      mapping.space = event.extra
      // The child's vma has an address of its own, which the event may not say.
      mapping.vma = 0
      mapping.insertion = event
      mapping.insertion.pfn = mapping.pfn
      mapping.isReported = false
      mapping.isDisputed =
        mapping.isDisputed || mayHaveLeft(mapping.address..<mapping.end, besides: event)
      _ = holders.host.add(mapping)
      explanations.add(.inheritedEntry, mapping.insertion)
    }
  }

  /// mm/mremap.c:move_page_tables
  mutating func moveEntries(_ event: Event) {
    let (oldEnd, overflow) = event.word.addingReportingOverflow(event.extra)
    guard !overflow, event.extra > 0, event.span & 0xfff == 0 else { return }
    holders.letGo.note(event)
    // Whose entries moved is not known where either side names no mm.
    for other in event.pointer == 0 ? holders.host.allSpaces : [0]
    where other != HostTables.unnamed {
      holders.host.removeUnplaced(event.word..<oldEnd, vma: 0, in: other) { _ in }
    }
    holders.host.remove(event.word..<oldEnd, space: HostTables.unnamed) { _ in }
    guard event.pointer != 0 else { return }
    holders.vmas.move(event.word..<oldEnd, to: event.span, space: event.pointer)
    var moved: [HostMapping] = []
    holders.host.remove(event.word..<oldEnd, space: event.pointer) { moved.append($0) }
    for var mapping in moved {
      let (address, wraps) = event.span.addingReportingOverflow(mapping.address &- event.word)
      guard !wraps, address < HostTables.addressLimit else { continue }
      mapping.address = address
      mapping.vma = 0
      guard !holders.host.isOccupied(address..<mapping.end, space: mapping.space) else { continue }
      mapping.isDisputed = mapping.isDisputed || mayHaveLeft(address..<mapping.end, besides: event)
      _ = holders.host.add(mapping)
    }
  }

  /// `resolved` will give a page, so that asking costs no rule its certainty.
  mutating func isResolvable(_ event: Event) -> Bool {
    !event.gaps.contains(.pageAddress) || holders.geometry.frame(of: event.pfn) != nil
  }

  /// An event that names a page by its `struct page`, with the frame once the array's place is known.
  mutating func resolved(_ event: Event) -> Event? {
    var event = event
    guard event.gaps.contains(.pageAddress) else {
      event.pfn = holders.geometry.corrected(event.pfn)
      return event.pfn < Event.frameLimit ? event : nil
    }
    guard let frame = holders.geometry.frame(of: event.pfn) else {
      observations.unresolvedPages &+= 1
      return nil
    }
    event.pfn = frame
    event.gaps.remove(.pageAddress)
    return event
  }
}
