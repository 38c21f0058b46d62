internal import LedgerCore

/// The host page tables, as far as probes show them: who maps which frame where, without a reference.
///
/// An address space is known by its `mm`. Where the probes name only a vma, the space is 0 and the vma tells entries
/// apart; a vma may be split or copied, so an unmap that names another one leaves them in dispute.
struct HostTables {
  /// Mappings kept; beyond it new ones are not taken in.
  static let limit = 1 << 22
  /// User addresses are below: arch/x86/include/asm/page_64_types.h:TASK_SIZE_MAX with five levels of tables.
  static let addressLimit: UInt64 = 1 << 57
  /// Larger mappings are of device memory that no allocator frees.
  static let pageLimit: UInt64 = 1 << 24

  /// The space of entries whose events name neither mm nor vma: those of migration.
  static let unnamed = UInt64.max
  private static let unnamedLimit = 1 << 16

  private var records = Pool<HostMapping>()
  /// Numbers of live records by space, in order of address.
  private var spaces = FewMap<UInt64, [UInt32]>()
  private(set) var frames = FrameIndex()
  /// The newest mapping of each vma; the others are chained behind it.
  private var vmas: [UInt64: UInt32] = [:]
  /// Vmas whose entries are said to be in two spaces at once, which no kernel does, or where none of their unmaps reaches: one of the
  /// records is wrong.
  private var contradicted: Set<UInt64> = []
  private static let contradictedLimit = 1 << 16
  /// The space that a task made entries in last.
  private var makers = PerTask<UInt64>()

  subscript(number: UInt32) -> HostMapping {
    get { records[number] }
    set { records[number] = newValue }
  }

  var isEmpty: Bool { spaces.isEmpty }

  /// The page at an address, nil where no user address is.
  static func page(at address: UInt64) -> Range<UInt64>? {
    guard address < addressLimit else { return nil }
    let start = address & ~0xfff
    return start..<start + 4096
  }

  var hasRoomForUnnamed: Bool { spaces[Self.unnamed]?.count ?? 0 < Self.unnamedLimit }

  /// The numbers of the mappings that were made through a vma.
  func numbers(vma: UInt64) -> [UInt32] {
    var found: [UInt32] = []
    var number = vmas[vma] ?? .max
    while number != .max {
      found.append(number)
      number = records[number].vmaBehind
    }
    return found.sorted()
  }

  /// The entry at an address; nil where none is known.
  func number(at address: UInt64, space: UInt64) -> UInt32? {
    guard let list = spaces[space] else { return nil }
    let place = Self.firstPlace(list, records, endingAfter: address)
    guard place < list.count, records[list[place]].address <= address else { return nil }
    return list[place]
  }

  /// True if any entry lies in the range.
  func isOccupied(_ range: Range<UInt64>, space: UInt64) -> Bool {
    guard let list = spaces[space] else { return false }
    let place = Self.firstPlace(list, records, endingAfter: range.lowerBound)
    return place < list.count && records[list[place]].address < range.upperBound
  }

  /// Adds a mapping whose addresses are free; returns its number, nil when there is no room.
  ///
  /// `isByTask` says that the task of the event works in the mapping's space.
  mutating func add(_ mapping: HostMapping, isByTask: Bool = true) -> UInt32? {
    guard records.count < Self.limit else { return nil }
    if isByTask { makers[mapping.insertion.pid] = mapping.space }
    let number = records.add(mapping)
    chain(number)
    records[number].node = frames.insert(number, pfn: mapping.pfn, pages: mapping.pages)
    let place = place(in: mapping.space, endingAfter: mapping.address)
    spaces[mapping.space, default: []].insert(number, at: place)
    return number
  }

  private mutating func chain(_ number: UInt32) {
    let vma = records[number].vma
    records[number].vmaBefore = .max
    records[number].vmaBehind = .max
    guard vma != 0 else { return }
    if let first = vmas[vma] {
      noteSpaces(vma, records[first].space, records[number].space)
      records[number].vmaBehind = first
      records[first].vmaBefore = number
    }
    vmas[vma] = number
  }

  @inline(__always)
  private mutating func noteSpaces(_ vma: UInt64, _ one: UInt64, _ other: UInt64) {
    guard one != other, one != 0, other != 0, one != Self.unnamed, other != Self.unnamed else {
      return
    }
    contradict(vma: vma)
  }

  /// A record says that the vma is one of this space.
  mutating func noteSpace(_ space: UInt64, vma: UInt64) {
    if let first = vmas[vma] { noteSpaces(vma, records[first].space, space) }
  }

  /// Nothing is certain of the vma's entries any more.
  mutating func contradict(vma: UInt64) {
    if vma != 0, contradicted.count < Self.contradictedLimit { contradicted.insert(vma) }
  }

  /// Mappings in a range of a vma were unmapped. One alone that is left, and not right beside the range, may not be where its record says.
  mutating func noteUnmap(_ range: Range<UInt64>, vma: UInt64) {
    guard let left = vmas[vma], records[left].vmaBehind == .max else { return }
    let isBeside =
      records[left].address == range.upperBound || records[left].end == range.lowerBound
    if !isBeside { contradict(vma: vma) }
  }

  /// The place of the vma's entries is not certain.
  func isContradicted(vma: UInt64) -> Bool { !contradicted.isEmpty && contradicted.contains(vma) }

  private mutating func unchain(_ old: HostMapping) {
    guard old.vma != 0 else { return }
    if old.vmaBehind != .max { records[old.vmaBehind].vmaBefore = old.vmaBefore }
    if old.vmaBefore != .max {
      records[old.vmaBefore].vmaBehind = old.vmaBehind
    } else {
      vmas[old.vma] = old.vmaBehind == .max ? nil : old.vmaBehind
    }
  }

  /// A normal entry maps nothing until its page has moved.
  mutating func becomeMigration(_ number: UInt32, by event: Event) {
    records[number].kind = .migration
    records[number].insertion = event
  }

  /// The mapping is not known any more.
  mutating func forget(_ number: UInt32) { drop(number) }

  /// Takes out what lies in a range of addresses; a mapping that reaches beyond it keeps its ends.
  mutating func remove(_ range: Range<UInt64>, space: UInt64, gone: (HostMapping) -> Void) {
    for number in numbers(in: range, space: space) { cut(number, range, gone) }
  }

  /// The numbers of the mappings that touch a range.
  func numbers(in range: Range<UInt64>, space: UInt64) -> [UInt32] {
    guard let list = spaces[space] else { return [] }
    var place = Self.firstPlace(list, records, endingAfter: range.lowerBound)
    var found: [UInt32] = []
    while place < list.count, records[list[place]].address < range.upperBound {
      found.append(list[place])
      place += 1
    }
    return found
  }

  /// An unmap that does not say in which space: what has its vma goes, what else lies there is in dispute.
  mutating func removeUnplaced(
    _ range: Range<UInt64>, vma: UInt64, in space: UInt64, gone: (HostMapping) -> Void
  ) {
    for number in numbers(in: range, space: space) {
      if vma != 0, records[number].vma == vma {
        cut(number, range, gone)
      } else {
        records[number].isDisputed = true
      }
    }
  }

  /// The address spaces that a task has made entries in.
  func spaces(of pid: Int32) -> [UInt64] { makers[pid].map { [$0] } ?? [] }

  /// The spaces that hold anything.
  var allSpaces: [UInt64] { spaces.keys }

  private mutating func cut(
    _ number: UInt32, _ range: Range<UInt64>, _ gone: (HostMapping) -> Void
  ) {
    let old = records[number]
    gone(old.clipped(to: range))
    drop(number)
    guard old.kind != .huge else { return }
    let cutStart = range.lowerBound & ~0xfff
    if old.address < cutStart { addPiece(of: old, old.address..<cutStart) }
    if old.end > range.upperBound { addPiece(of: old, range.upperBound..<old.end) }
  }

  private mutating func addPiece(of old: HostMapping, _ addresses: Range<UInt64>) {
    var piece = old
    piece.address = addresses.lowerBound
    piece.pfn = old.pfn &+ (addresses.lowerBound &- old.address) >> 12
    piece.pages = (addresses.upperBound &- addresses.lowerBound) >> 12
    guard piece.pages > 0 else { return }
    _ = add(piece, isByTask: false)
  }

  private mutating func drop(_ number: UInt32) {
    let old = records[number]
    frames.remove(old.node)
    unchain(old)
    records[number].isLive = false
    records.remove(number)
    guard let list = spaces.place(of: old.space) else { return }
    let place = Self.firstPlace(spaces[at: list], records, endingAfter: old.address)
    guard place < spaces[at: list].count else { return }
    if spaces[at: list].count == 1 {
      spaces.remove(old.space)
    } else {
      spaces[at: list].remove(at: place)
    }
  }

  private func place(in space: UInt64, endingAfter address: UInt64) -> Int {
    guard let list = spaces[space] else { return 0 }
    return Self.firstPlace(list, records, endingAfter: address)
  }

  /// The place of the first mapping that ends behind an address.
  private static func firstPlace(
    _ list: [UInt32], _ records: Pool<HostMapping>, endingAfter address: UInt64
  ) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if records[list[middle]].end > address { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
