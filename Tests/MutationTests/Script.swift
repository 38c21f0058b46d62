import LedgerCore

/// Writes the events of one legal story: one task, pages, addresses and guests of its own. Times come later.
struct Script {
  /// What the story owns; no other story of the stream has the same.
  struct Place {
    var pid: Int32
    var cpu: UInt16
    var pfn: UInt64
    var address: UInt64
    var mm: UInt64
    var vma: UInt64
    var gfn: UInt64
    var kvm: UInt64
    var notifier: UInt64
    var object: UInt64
    var iova: UInt64
  }

  static let pagesPerStory: UInt64 = 128
  static let cpus: UInt16 = 4
  static let shared: Int32 = 0x404_44fb
  static let privateWritable: Int32 = 0x404_44f3
  static let privateReadOnly: Int32 = 0x404_44f1

  private(set) var events: [Event] = []
  private var counts: [UInt64: Int32] = [:]
  /// Heads with PG_head.
  private var compounds: Set<UInt64> = []
  var place: Place
  var chance: Chance

  init(_ place: Place, _ chance: Chance) {
    self.place = place
    self.chance = chance
  }

  /// Appends an event; now and then the task has moved to another CPU by then.
  mutating func emit(_ kind: EventKind, pid: Int32? = nil, _ fill: (inout Event) -> Void = { _ in })
  {
    if chance.once(in: 12) { place.cpu = UInt16(chance.number(0...Int(Self.cpus) - 1)) }
    var event = Event()
    event.kind = kind
    event.pid = pid ?? place.pid
    event.cpu = place.cpu
    fill(&event)
    events.append(event)
  }

  mutating func reference(_ kind: EventKind, _ pfn: UInt64, _ value: Int32, _ result: Int32 = 0) {
    let count = counts[pfn] ?? 0
    let isHead = compounds.contains(pfn)
    emit(kind) {
      $0.pfn = pfn
      $0.value = value
      $0.count = count
      $0.result = result
      $0.word = isHead ? 1 << 16 : 0
    }
  }

  mutating func set(_ pfn: UInt64, _ value: Int32 = 1) {
    counts[pfn] = value
    reference(.pageRefSet, pfn, value)
  }

  mutating func get(_ pfn: UInt64, _ value: Int32 = 1) {
    counts[pfn, default: 0] += value
    reference(.pageRefMod, pfn, value)
  }

  mutating func getUnlessZero(_ pfn: UInt64) {
    counts[pfn, default: 0] += 1
    reference(.pageRefModUnless, pfn, 1, 1)
  }

  mutating func put(_ pfn: UInt64, _ value: Int32 = -1) {
    counts[pfn, default: 0] += value
    reference(.pageRefModAndTest, pfn, value, counts[pfn] == 0 ? 1 : 0)
  }

  mutating func freeze(_ pfn: UInt64) {
    let value = counts[pfn] ?? 0
    counts[pfn] = 0
    reference(.pageRefFreeze, pfn, value, 1)
  }

  mutating func alloc(_ pfn: UInt64, _ order: UInt8 = 0, compound: Bool = false) {
    compounds.remove(pfn)
    set(pfn)
    if compound, order > 0 { compounds.insert(pfn) }
    emit(.pageAlloc) {
      $0.pfn = pfn
      $0.order = order
      $0.word = compound ? 0x40cc0 : 0xcc0
    }
  }

  mutating func free(_ pfn: UInt64, _ order: UInt8 = 0) {
    emit(.pageFree) {
      $0.pfn = pfn
      $0.order = order
    }
  }

  mutating func putAndFree(_ pfn: UInt64, _ order: UInt8 = 0) {
    put(pfn)
    free(pfn, order)
  }

  /// References that come and go.
  mutating func traffic(_ pfn: UInt64) {
    for _ in 0..<chance.number(0...3) {
      if chance.once(in: 2) { get(pfn) } else { getUnlessZero(pfn) }
      put(pfn)
    }
  }

  mutating func returned(_ kind: EventKind, _ value: UInt64) { emit(kind) { $0.word = value } }

  mutating func insert(_ pfn: UInt64, page: UInt64 = 0, flags: Int32 = Script.shared) {
    let place = place
    emit(.insertPfn) {
      $0.pfn = pfn
      $0.word = place.address + page * 4096
      $0.pointer = place.mm
      $0.extra = place.vma
      $0.value = flags
    }
    returned(.insertPfnReturn, 0x100)
  }

  mutating func remap(_ pfn: UInt64, pages: Int32, flags: Int32) {
    let place = place
    emit(.remapRange) {
      $0.pfn = pfn
      $0.word = place.address
      $0.pointer = place.mm
      $0.extra = place.vma
      $0.value = flags
      $0.result = pages
    }
    returned(.remapRangeReturn, 0)
  }

  mutating func unmap(pages: UInt64, at address: UInt64? = nil, mm: UInt64? = nil) {
    let place = place
    let start = address ?? place.address
    emit(.unmapRange) {
      $0.word = start
      $0.pointer = mm ?? place.mm
      // A child has a vma of its own.
      $0.extra = mm == nil || mm == place.mm ? place.vma : place.vma + 0x98
      $0.span = start + pages * 4096
    }
  }

  mutating func stageTwo(_ pfn: UInt64, present: Bool, level: UInt8 = 1) {
    let place = place
    let leaf: UInt64 = 0x600_0000_0000_0e67 | pfn << 12 | (level > 1 ? 0x80 : 0)
    let none: UInt64 = chance.once(in: 2) ? 0x5a0 : 0x8000_0000_0000_0000
    emit(.spteChanged) {
      $0.pointer = place.gfn
      $0.order = level
      $0.word = present ? leaf : none
      $0.extra = present ? none : leaf
    }
  }

  mutating func window(_ kind: EventKind, at address: UInt64, pages: UInt64) {
    let place = place
    emit(kind) {
      $0.word = address
      $0.extra = address + pages * 4096
      $0.pointer = place.mm
      $0.span = place.notifier
      $0.order = 1
    }
  }

  mutating func migration(_ kind: EventKind, _ pfn: UInt64) {
    let place = place
    emit(kind, pid: 40) {
      $0.pfn = pfn
      $0.word = place.address
    }
  }

  mutating func memorySlot() {
    let place = place
    emit(.memslot) {
      $0.word = place.gfn << 12
      $0.pointer = place.kvm
      $0.extra = place.address
      $0.result = 64
    }
  }

  mutating func userPages(_ kind: EventKind, flags: Int32) {
    let place = place
    emit(kind) {
      $0.word = place.address + 0x40_0000
      $0.extra = 1
      $0.value = flags
      if kind == .gupSlow { $0.pointer = place.mm }
    }
  }
}
