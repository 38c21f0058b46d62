internal import LedgerCore

// get_user_pages and lookups of entries. mm/gup.c, mm/memory.c (5.4 to 7.1)
extension Replay {
  /// include/linux/mm_types.h and include/linux/mm.h: FOLL_LONGTERM and FOLL_PIN, up to 6.2 and from 6.3 on.
  private static let longTerm: [Int32] = [0x10000 | 0x40000, 0x100 | 0x80000]

  /// A call of get_user_pages returned with pages: none of them may have been behind a PFN entry.
  mutating func userPagesReturned(_ event: Event, of kind: EventKind) {
    guard let call = holders.users.end(event, of: kind), !gaps.isDark else { return }
    for grab in call.grabs {
      if let number = entry(of: grab.pfn, in: call.addresses) {
        noteGrab(grab, number, call)
      } else if let population = population(of: grab.pfn) {
        noteHolder(
          grab, pfn: grab.pfn, [.gupSpecial, .ofObject, .inferred], [population, call.event])
      }
      if grab.kind.isPageRef, isLongTerm(call.event), holders.longPins.count < 1 << 16 {
        holders.longPins[grab.pfn] = (call.event, grab)
      }
    }
  }

  /// try_grab_folio and its kin up to 6.9, try_grab_folio_fast: a folio's address for success. mm/gup.c
  mutating func grabReturned(_ event: Event) {
    guard let grab = holders.grabs.take(event.pid), event.word >> 47 == 0x1ffff,
      event.word < UInt64.max - 4096, isResolvable(grab), let grab = resolved(grab),
      grab.pfn != Event.noFrame
    else { return }
    holders.users.sawGrab(grab)
  }

  private mutating func isLongTerm(_ event: Event) -> Bool {
    Self.longTerm.contains { event.value & $0 == $0 }
  }

  /// The entry through which a call of get_user_pages found a page.
  private mutating func entry(of pfn: UInt64, in addresses: Range<UInt64>) -> UInt32? {
    guard !holders.host.frames.isEmpty else { return nil }
    var found: UInt32?
    holders.host.frames.forEach(in: pfn..<pfn &+ 1) { number in
      let mapping = holders.host[number]
      guard mapping.kind != .migration, mapping.space != HostTables.unnamed else { return }
      if mapping.maps(pfn, in: addresses) { found = found ?? number }
    }
    return found
  }

  private mutating func noteGrab(_ grab: Event, _ number: UInt32, _ call: UserPages.Call) {
    let mapping = holders.host[number]
    guard !mapping.isDisputed else { return }
    if call.event.pointer != 0, mapping.space != 0, call.event.pointer != mapping.space { return }
    if mapping.insertion.time == grab.time, mapping.insertion.cpu != grab.cpu { return }
    var marks: Transition.Marks = mapping.isConfirmed ? [] : .inferred
    guard mapping.kind != .normal else {
      var marks: Transition.Marks = [.normalOnPlain, .grabbed]
      if !isPlainHead(mapping.pfn) {
        guard population(of: mapping.pfn) != nil else { return }
        marks.insert(.ofObject)
      }
      return noteHolder(grab, pfn: grab.pfn, marks, [mapping.insertion, call.event])
    }
    marks.insert(.gupSpecial)
    // A reference through the entry is itself proof that the entry was there.
    marks.remove(.inferred)
    noteHolder(grab, pfn: grab.pfn, marks, [mapping.insertion, call.event])
    guard mapping.insertion.kind == .insertHuge, mapping.insertion.result == 0 else { return }
    noteHolder(
      mapping.insertion, pfn: mapping.pfn, [.hugeSpecial, .grabbed], [call.event, grab])
  }

  /// At the end: pins for long of pages that had to be moved away first.
  mutating func judgeLongPins() {
    var zones: ZoneEvidence?
    for pfn in holders.longPins.keys.sorted() {
      guard let pin = holders.longPins[pfn], let slot = table.existingSlot(of: pfn) else {
        continue
      }
      let state = freshState(slot)
      guard state.bits.contains(.counted), state.count >= 1024 else { continue }
      if pin.grab.order >= 4 {
        noteHolder(pin.grab, pfn: pfn, .pinUnmovable, [pin.call])
        continue
      }
      if zones == nil { zones = ZoneEvidence(journal) }
      switch zones?.isMovable(pin.grab) {
      case true: noteHolder(pin.grab, pfn: pfn, [.pinUnmovable, .movableZone], [pin.call])
      case false: break
      default: observations.unplacedPins &+= 1
      }
    }
  }

  /// `follow_pte` and its kin returned 0: somebody looked a frame up in an entry.
  mutating func lookupReturned(_ event: Event) {
    guard let lookup = holders.lookups.take(event.pid), event.word == 0,
      !vcpus.isInFault(event)
    else { return }
    let spaces = lookup.pointer == 0 ? holders.host.allSpaces : [lookup.pointer]
    for space in spaces.prefix(64) {
      guard let number = holders.host.number(at: lookup.word, space: space) else { continue }
      holders.host[number].lookup = lookup
    }
  }

  /// An unmap of entries that were looked up: a device that still reaches the frame was not told.
  mutating func noteLookups(_ range: Range<UInt64>, _ event: Event) {
    guard !holders.devices.frames.isEmpty else { return }
    let space = event.pointer
    for number in holders.host.numbers(in: range, space: space) {
      let mapping = holders.host[number]
      guard let lookup = mapping.lookup, mapping.kind == .special else { continue }
      for pfn in mapping.frames(in: range) {
        guard let device = holders.devices.number(of: pfn) else { continue }
        let record = holders.devices[device]
        guard record.event.time >= lookup.time, record.event.pid == lookup.pid, !record.isDisputed
        else { continue }
        holders.suspicions.append(
          Suspicion(
            holder: .device(device), free: event, pfn: pfn, claim: .lookupOutlived,
            related: [mapping.insertion, lookup, record.event], made: record.event))
      }
    }
  }

  /// Moves of buffer objects: every entry of the old pages must be gone when they are done.
  mutating func objectMoved(_ event: Event) {
    guard let move = holders.objects.endMove(event), !gaps.isDark else { return }
    let vmas = holders.objects.vmas(of: move.pointer).sorted()
    for number in vmas.flatMap({ holders.host.numbers(vma: $0) }).sorted() {
      let mapping = holders.host[number]
      guard mapping.kind.isUncounted, !mapping.isDisputed, !mapping.isMoveReported,
        mapping.insertion.time < move.time
      else { continue }
      // Entries of device memory may stay the same when only system memory moves.
      guard wasAllocated(mapping.pfn) else { continue }
      for pfn in mapping.pfn..<mapping.pfn &+ min(mapping.pages, 4096) {
        holders.suspicions.append(
          Suspicion(
            holder: .host(number), free: event, pfn: pfn, claim: .movedMapped,
            related: [mapping.insertion, move], made: mapping.insertion))
      }
    }
  }

  private mutating func wasAllocated(_ pfn: UInt64) -> Bool {
    guard let slot = table.existingSlot(of: pfn) else { return false }
    return table[slot].epoch == gaps.epoch && table[slot].bits.contains(.allocated)
  }
}
