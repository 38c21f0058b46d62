internal import LedgerCore

// What stands out when an entry is written, copied on write, or made writable.
extension Replay {
  /// An insertion was called, or returned with success.
  mutating func noteInsertion(_ event: Event, isConfirmed: Bool) {
    var marks: Transition.Marks = isConfirmed ? [] : .inferred
    let flags = UInt32(bitPattern: event.value)
    var related: [Event] = []
    if event.kind == .insertHuge, event.result == 0 { marks.insert(.hugeSpecial) }
    if let showing = holders.objects.showings[event.extra], showing.isDmabuf,
      showing.covers(event.word),
      flags != 0 || event.kind.isNormalInsertion, flags & VMFlags.pfnmap == 0,
      event.kind != .remapRange
    {
      marks.insert(.objectNotPfnmap)
      if showing.isConfirmed { marks.remove(.inferred) }
      related.append(showing.event)
    }
    guard !marks.subtracting(.inferred).isEmpty else { return }
    noteHolder(event, pfn: event.pfn, marks, related)
  }

  /// A huge insertion is judged when its return is seen, or at the end where returns are not probed.
  mutating func hugeEntered(_ event: Event) {
    if let earlier = holders.hugeInsertions[event.pid], earlier.pfn != event.pfn {
      noteInsertion(earlier, isConfirmed: false)
    }
    holders.hugeInsertions[event.pid] = event
  }

  mutating func hugeReturned(_ event: Event) {
    guard let insertion = holders.hugeInsertions.take(event.pid) else { return }
    // include/linux/mm_types.h: VM_FAULT_NOPAGE
    if event.word & 0x100 != 0 { noteInsertion(insertion, isConfirmed: true) }
  }

  /// At the end: insertions whose returns nobody recorded.
  mutating func judgeOpenInsertions() {
    let open = holders.hugeInsertions.all + holders.insertions.all
    for insertion in open.sorted(by: { $0.ordinal < $1.ordinal }) {
      noteInsertion(insertion, isConfirmed: false)
    }
  }

  /// vm_insert_page: whether it succeeds shows in the reference it takes. mm/memory.c:insert_page_into_pte_locked
  mutating func insertPage(_ event: Event) {
    guard let event = resolved(event).map({ withFlags($0) }) else { return }
    noteArea(event)
    if let earlier = holders.insertions[event.pid], earlier.pfn != event.pfn {
      noteInsertion(earlier, isConfirmed: false)
    }
    holders.insertions[event.pid] = event
  }

  /// The reference of a vm_insert_page in progress.
  mutating func sawInsertedReference(_ reference: Event) {
    guard reference.kind == .pageRefMod, reference.value > 0, !reference.isInInterrupt,
      let insertion = holders.insertions[reference.pid], insertion.pfn == reference.pfn
    else { return }
    holders.insertions[reference.pid] = nil
    pageInserted(insertion, by: reference)
  }

  /// A normal entry was written; for the head of a block whose tails are not counted that is a mistake.
  private mutating func pageInserted(_ insertion: Event, by reference: Event?) {
    noteInsertion(insertion, isConfirmed: true)
    if let page = HostTables.page(at: insertion.word), page.lowerBound > 0,
      !holders.host.isOccupied(page, space: insertion.pointer)
    {
      let mapping = HostMapping(
        space: insertion.pointer, address: page.lowerBound, pages: 1, pfn: insertion.pfn,
        vma: insertion.extra, flags: UInt32(bitPattern: insertion.value), kind: .normal,
        isConfirmed: true, insertion: insertion)
      _ = holders.host.add(mapping)
    }
    var related = reference.map { [$0] } ?? []
    if isPlainHead(insertion.pfn) {
      noteHolder(insertion, pfn: insertion.pfn, .normalOnPlain, related)
    } else if let population = population(of: insertion.pfn) {
      related.insert(population, at: 0)
      noteHolder(insertion, pfn: insertion.pfn, [.normalOnPlain, .ofObject], related)
    }
  }

  mutating func insertPageReturned(_ event: Event) {
    guard let insertion = holders.insertions.take(event.pid), event.word == 0 else {
      return
    }
    pageInserted(insertion, by: nil)
  }

  mutating func isPlainHead(_ pfn: UInt64) -> Bool {
    guard let slot = table.existingSlot(of: pfn) else { return false }
    let state = table[slot]
    guard state.epoch == gaps.epoch, state.block != 0 else { return false }
    let block = blocks[state.block]
    return block.kind == .plain && block.head == pfn && block.order > 0
  }

  /// mm/memory.c:wp_page_copy: the process gets a private copy; in a PFN mapping it thereby parts from the object.
  mutating func copyOnWrite(_ event: Event) {
    guard let page = HostTables.page(at: event.word) else { return }
    let event = withFlags(event)
    let number = holders.host.number(at: event.word, space: event.pointer)
    let mapping = number.map { holders.host[$0] }
    removeEntries(page, event)
    if let mapping { explanations.add(.writtenAway, mapping.insertion) }
    let flags = UInt32(bitPattern: event.value)
    guard flags & VMFlags.pfnmap != 0, VMFlags.isCow(flags) else { return }
    noteCopy(event, of: mapping, page, space: event.pointer, [])
  }

  /// A user's write to an entry that is there and read-only: in a private PFN mapping that makes a copy.
  ///
  /// arch/x86/include/asm/trap_pf.h: bit 0 present, bit 1 write. It stands in for wp_page_copy, which gcc inlines into
  /// some kernels; the address space is that of the task that the entry was made for.
  mutating func userFault(_ event: Event) {
    guard event.pointer & 3 == 3, event.word > 0, let page = HostTables.page(at: event.word) else {
      return
    }
    for space in holders.host.spaces(of: event.pid) {
      guard let number = holders.host.number(at: event.word, space: space) else { continue }
      let mapping = holders.host[number]
      let isPfnmap = mapping.flags & VMFlags.pfnmap != 0 || mapping.insertion.kind == .remapRange
      // A vma that may only be read answers with SIGSEGV.
      let mayWrite =
        mapping.flags & VMFlags.write != 0 || protection(over: event.word, space: space) != nil
      guard mapping.kind == .special, isPfnmap, VMFlags.isCow(mapping.flags), mayWrite,
        !mapping.isDisputed
      else { continue }
      if mapping.pages == 1 { holders.host[number].isDisputed = true }
      return noteCopy(event, of: mapping, page, space: space, .inferred)
    }
  }

  private mutating func noteCopy(
    _ event: Event, of mapping: HostMapping?, _ page: Range<UInt64>, space: UInt64,
    _ marks: Transition.Marks
  ) {
    var frame = Event.noFrame
    if let mapping, marks.contains(.inferred) || isWitnessed(mapping) {
      frame = mapping.frames(in: page).first ?? frame
    }
    var related = mapping.map { [$0.insertion] } ?? []
    noteHolder(event, pfn: frame, marks.union(.cowWritten), related)
    guard let change = protection(over: event.word, space: space) else { return }
    related.append(change)
    noteHolder(event, pfn: frame, marks.union(.writeRestored), related)
  }

  /// A driver gives remap_pfn_range what it has allocated, from the start. Of other frames that call alone tells, once for many pages.
  private mutating func isWitnessed(_ mapping: HostMapping) -> Bool {
    let insertion = mapping.insertion
    guard insertion.kind == .remapRange else { return true }
    guard let slot = table.existingSlot(of: insertion.pfn) else { return false }
    let state = freshState(slot)
    guard isHeadOfSeenBlock(insertion.pfn, state), state.block != 0 || state.life == .live else {
      return false
    }
    let pages = state.block == 0 ? 1 : blocks[state.block].pages
    return UInt64(max(insertion.result, 1)) <= pages
  }

  /// mm/mprotect.c:mprotect_fixup on a private read-only PFN mapping that may become writable.
  mutating func protect(_ event: Event) {
    let new = UInt32(bitPattern: event.value)
    let old = oldFlags(event)
    if event.pointer != 0, event.extra > event.word, event.extra <= HostTables.addressLimit {
      holders.vmas.protect(event.word..<event.extra, space: event.pointer, flags: new)
    }
    guard old & VMFlags.pfnmap != 0, old & VMFlags.write == 0, VMFlags.isCow(old),
      new & VMFlags.write != 0
    else { return }
    if holders.protections.count >= 1024 { holders.protections.removeFirst() }
    holders.protections.append(event)
  }

  /// What the vma's flags were, by the event or by what is known of the vma.
  private mutating func oldFlags(_ event: Event) -> UInt32 {
    if event.result != 0 { return UInt32(bitPattern: event.result) }
    return holders.vmas.area(at: event.word, space: event.pointer)?.flags ?? 0
  }

  /// The change that made the mapping at an address writable.
  private mutating func protection(over address: UInt64, space: UInt64) -> Event? {
    holders.protections.last {
      $0.pointer == space && $0.word <= address && address < $0.extra
    }
  }

  /// What is unmapped may be mapped anew, writable from the start.
  mutating func forgetProtections(_ range: Range<UInt64>, space: UInt64) {
    guard !holders.protections.isEmpty else { return }
    holders.protections.removeAll {
      (space == 0 || $0.pointer == space) && $0.word >= range.lowerBound
        && $0.extra <= range.upperBound
    }
  }

  /// Reports what an event did to a page that is named by its frame only.
  mutating func noteHolder(
    _ event: Event, pfn: UInt64, _ marks: Transition.Marks, _ related: [Event]
  ) {
    var view = PageView.unknown
    var block: Block?
    var step: UInt32 = 0
    var marks = marks
    if let slot = table.existingSlot(of: pfn) {
      let state = freshState(slot)
      view = PageView(state)
      step = state.step
      if state.block != 0 {
        block = blocks[state.block]
        if pfn != block?.head, block?.isWhole == true, !state.bits.contains(.ownUnit) {
          marks.insert(.tail)
        }
      }
    }
    note(
      Transition(
        event: event, pfn: pfn, before: view, after: view, block: block.map { BlockView($0) },
        marks: marks, step: step, fault: nil, related: related))
  }
}

extension EventKind {
  /// vm_insert_page and vm_insert_pages.
  var isNormalInsertion: Bool { self == .insertPage || self == .insertPages }
}
