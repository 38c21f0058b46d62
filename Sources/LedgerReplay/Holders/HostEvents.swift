internal import LedgerCore

// Host page table entries by probes. mm/memory.c, mm/huge_memory.c, mm/mremap.c (5.4 to 7.1)
extension Replay {
  /// vmf_insert_pfn and its kin: the entry is written only if there was none (mm/memory.c:insert_pfn).
  mutating func insertFrames(_ event: Event) {
    guard let event = resolved(event) else { return }
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
    noteInsertion(event, isConfirmed: false)
    enter(event, pages: pages, kind: kind)
  }

  private mutating func enter(_ event: Event, pages: UInt64, kind: HostMapping.Kind) {
    let address = event.word & (kind == .huge ? ~0x1f_ffff : ~0xfff)
    guard address > 0, address < 1 << 57, pages <= HostTables.pageLimit else { return }
    let range = address..<address &+ pages &* 4096
    if let there = holders.host.number(at: address, space: event.pointer) {
      let old = holders.host[there]
      // The same insertion seen by two probes, or an entry that the kernel left alone.
      guard !old.maps(event.pfn, in: range) else { return }
      holders.host[there].isDisputed = true
      explanations.add(.occupiedEntry, event)
      return
    }
    guard !holders.host.isOccupied(range, space: event.pointer) else { return }
    let mapping = HostMapping(
      space: event.pointer, address: address, pages: pages, pfn: event.pfn, vma: event.extra,
      flags: UInt32(bitPattern: event.value), kind: kind, insertion: event)
    if let number = holders.host.add(mapping) { holders.inserted[event.pid] = number }
  }

  /// The return of an insertion: one that failed left no entry.
  mutating func insertReturned(_ event: Event) {
    guard let number = holders.inserted[event.pid], holders.host[number].isLive,
      holders.host[number].insertion.pid == event.pid
    else { return }
    let isFault = event.kind == .insertPfnReturn || event.kind == .insertHugeReturn
    // include/linux/mm_types.h: VM_FAULT_NOPAGE
    let succeeded = isFault ? event.word & 0x100 != 0 : event.word == 0
    let mapping = holders.host[number]
    if succeeded {
      holders.host[number].isConfirmed = true
      return noteInsertion(mapping.insertion, isConfirmed: true)
    }
    guard !mapping.isConfirmed else { return }
    holders.host.remove(mapping.address..<mapping.end, space: mapping.space) { _ in }
    holders.inserted[event.pid] = nil
  }

  /// mm/memory.c:unmap_page_range: the one door of munmap, exit, MADV_DONTNEED and unmap_mapping_range.
  mutating func unmap(_ event: Event) {
    guard event.span > event.word else { return }
    let range = event.word..<event.span
    if let showing = holders.objects.showings[event.extra], showing.event.word >= range.lowerBound,
      showing.event.span <= range.upperBound, showing.event.span > 0
    {
      holders.objects.hide(event.extra)
    }
    guard !holders.host.isEmpty else { return }
    noteLookups(range, event)
    let space = event.pointer
    if space != 0 { holders.host.remove(range, space: space) { _ in } }
    for other in space == 0 ? holders.host.allSpaces : [0] {
      holders.host.removeUnplaced(range, vma: event.extra, in: other) { _ in }
    }
  }

  /// mm/memory.c:copy_page_range: a child gets the entries of VM_PFNMAP and VM_MIXEDMAP vmas.
  mutating func copy(_ event: Event) {
    guard event.span > event.word, event.pointer != event.extra, event.extra != 0 else { return }
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
      _ = holders.host.add(mapping)
      explanations.add(.inheritedEntry, mapping.insertion)
    }
  }

  /// mm/mremap.c:move_page_tables
  mutating func moveEntries(_ event: Event) {
    let (oldEnd, overflow) = event.word.addingReportingOverflow(event.extra)
    guard !overflow, event.extra > 0, event.span & 0xfff == 0 else { return }
    var moved: [HostMapping] = []
    holders.host.remove(event.word..<oldEnd, space: event.pointer) { moved.append($0) }
    for var mapping in moved {
      let (address, wraps) = event.span.addingReportingOverflow(mapping.address &- event.word)
      guard !wraps, address < 1 << 57 else { continue }
      mapping.address = address
      mapping.vma = 0
      guard !holders.host.isOccupied(address..<mapping.end, space: mapping.space) else { continue }
      _ = holders.host.add(mapping)
    }
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
