internal import LedgerCore

/// A leaf of a guest's stage-2 table: guest frames over host frames.
struct GuestMapping {
  /// The VM's `struct kvm`, 0 when no probe names it.
  var kvm: UInt64
  var gfn: UInt64
  var pfn: UInt64
  var space: UInt8
  var level: UInt8
  /// KVM may have dropped the entry without an event.
  var isDisputed = false
  var isReported = false
  /// No event of its own shows it: a huge leaf was split.
  var isInferred = false
  /// An event's old value was another than the leaf at its place: one of them is not what happened.
  var isContradicted = false
  /// That it outlived an invalidation was reported.
  var isStaleReported = false
  /// False once it has been removed and its record may be used again.
  var isLive = true
  /// The event that installed it.
  var event: Event
  var node: UInt32 = 0

  /// 4 KiB pages below one entry of a paging level. arch/x86/include/asm/kvm_host.h:KVM_PAGES_PER_HPAGE, 6.1
  var pages: UInt64 { Self.pages(atLevel: level) }

  static func pages(atLevel level: UInt8) -> UInt64 { 1 << (UInt64(min(max(level, 1), 3) - 1) * 9) }
}

/// The TDP MMU's stage-2 leaves of all guests. arch/x86/kvm/mmu/tdp_mmu.c:__handle_changed_spte, 5.15 to 7.1
///
/// Every change of an entry is traced with its old and new value, so that the table follows exactly. Entries of the
/// shadow MMU come without removals and are only counted.
struct StageTwo {
  /// Leaves kept; a 16 TiB guest of huge pages has half as many.
  static let limit = 1 << 24

  private struct Key: Hashable {
    var gfn: UInt64
    var space: UInt8
    var level: UInt8
  }

  private var records = Pool<GuestMapping>()
  private var places: [Key: [UInt32]] = [:]
  private(set) var frames = FrameIndex()

  subscript(number: UInt32) -> GuestMapping {
    get { records[number] }
    set { records[number] = newValue }
  }

  var count: Int { records.count }

  /// arch/x86/kvm/mmu/spte.h: SPTE_MMU_PRESENT_MASK, from 5.15 on.
  static let present: UInt64 = 1 << 11

  /// An entry that is there maps a frame at level 1 or with bit 7, else it points to a table.
  static func isLeaf(_ spte: UInt64, level: UInt8) -> Bool {
    spte & present != 0 && (level == 1 || spte & 1 << 7 != 0)
  }

  /// False for a change of an entry that no kernel writes: entries of a level are for guest frames that are aligned to what they map
  /// (arch/x86/kvm/mmu/tdp_iter.c:tdp_iter_start, 5.15 to 7.1), and so are the frames of leaves.
  static func isSound(_ event: Event) -> Bool {
    let (gfn, level) = (event.pointer, event.order)
    guard (1...5).contains(level), gfn < Event.frameLimit else { return false }
    return gfn & ((1 << (UInt64(level - 1) * 9)) - 1) == 0
      && isAligned(event.extra, level: level) && isAligned(event.word, level: level)
  }

  /// arch/x86/kvm/mmu/spte.h: PT_WRITABLE_MASK, the same bit for EPT and NPT.
  static func isWritable(_ spte: UInt64) -> Bool { spte & 2 != 0 }

  /// The frame of a large leaf is aligned to what it maps. arch/x86/kvm/mmu/mmu.c:kvm_mmu_hugepage_adjust, 5.15 to 7.1
  private static func isAligned(_ spte: UInt64, level: UInt8) -> Bool {
    !isLeaf(spte, level: level) || frame(of: spte, level: level) == frame(of: spte, level: 1)
  }

  /// True for an entry that points to a table of the next level.
  static func isTable(_ spte: UInt64, level: UInt8) -> Bool {
    spte & present != 0 && level > 1 && spte & 1 << 7 == 0
  }

  /// The frame of a leaf, aligned to its level.
  static func frame(of spte: UInt64, level: UInt8) -> UInt64 {
    (spte & 0x000f_ffff_ffff_f000) >> 12 & ~(GuestMapping.pages(atLevel: level) &- 1)
  }

  /// Returns the leaf's number, nil when there is no room.
  mutating func add(_ mapping: GuestMapping) -> UInt32? {
    guard count < Self.limit, mapping.pfn < Event.frameLimit else { return nil }
    let number = records.add(mapping)
    records[number].node = frames.insert(number, pfn: mapping.pfn, pages: mapping.pages)
    places[key(mapping), default: []].append(number)
    return number
  }

  /// The leaf that an event says was there before; of several VMs' leaves the one whose VM is named.
  func number(gfn: UInt64, space: UInt8, level: UInt8, pfn: UInt64, kvm: UInt64) -> UInt32? {
    let candidates = places[Key(gfn: gfn, space: space, level: level)] ?? []
    let same = candidates.filter { records[$0].pfn == pfn }
    return same.first { records[$0].kvm == kvm } ?? same.first
  }

  /// The ledger has another frame at the place of `leaf`, of the same VM as far as it knows.
  func hasLeaf(where leaf: GuestMapping) -> Bool {
    let numbers = places[key(leaf)] ?? []
    return numbers.contains { number in
      let other = records[number]
      return other.pfn != leaf.pfn && (other.kvm == leaf.kvm || other.kvm == 0 || leaf.kvm == 0)
    }
  }

  /// An event says that another value than the leaf of `pfn`, or none, was at a place before it: leaves that the ledger has there, and
  /// those of `pfn` elsewhere, prove nothing by themselves any more.
  mutating func contradict(gfn: UInt64, space: UInt8, level: UInt8, pfn: UInt64?, kvm: UInt64) {
    var leaves = places[Key(gfn: gfn, space: space, level: level)] ?? []
    if let pfn { frames.forEach(in: pfn..<pfn &+ 1) { leaves.append($0) } }
    for number in leaves {
      let owner = records[number].kvm
      if owner == kvm || owner == 0 || kvm == 0 { records[number].isContradicted = true }
    }
  }

  /// A page that an event calls a table is mapped by no guest: leaves that map it prove nothing.
  mutating func contradict(byTable entry: UInt64) {
    guard entry & Self.present != 0 else { return }
    let pfn = Self.frame(of: entry, level: 1)
    frames.forEach(in: pfn..<pfn &+ 1) { records[$0].isContradicted = true }
  }

  /// The leaves of a VM over a range of guest frames.
  func numbers(gfns: Range<UInt64>, kvm: UInt64) -> [UInt32] {
    guard !gfns.isEmpty, count > 0 else { return [] }
    var found: [UInt32] = []
    if UInt64(gfns.count) > UInt64(count) {
      for list in places.values { found += list }
    } else {
      for level in UInt8(1)...3 {
        let pages = GuestMapping.pages(atLevel: level)
        for gfn in stride(
          from: gfns.lowerBound & ~(pages &- 1), to: gfns.upperBound, by: Int(pages))
        {
          found += places[Key(gfn: gfn, space: 0, level: level)] ?? []
        }
      }
    }
    return found.filter { number in
      let record = records[number]
      return record.kvm == kvm && record.space == 0
        && (record.gfn..<record.gfn &+ record.pages).overlaps(gfns)
    }.sorted()
  }

  mutating func remove(_ number: UInt32) {
    let old = records[number]
    frames.remove(old.node)
    records[number].isLive = false
    records.remove(number)
    let key = key(old)
    guard let place = places[key]?.firstIndex(of: number) else { return }
    if places[key]?.count == 1 { places[key] = nil } else { places[key]?.remove(at: place) }
  }

  mutating func disputeAll() {
    for list in places.values { for number in list { records[number].isDisputed = true } }
  }

  /// All leaves of a VM are gone with it.
  mutating func removeAll(of kvm: UInt64) {
    for number in places.values.flatMap({ $0 }) where records[number].kvm == kvm {
      remove(number)
    }
  }

  private func key(_ mapping: GuestMapping) -> Key {
    Key(gfn: mapping.gfn, space: mapping.space, level: mapping.level)
  }
}
