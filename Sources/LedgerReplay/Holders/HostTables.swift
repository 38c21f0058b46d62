internal import LedgerCore

/// The host page tables, as far as probes show them: who maps which frame where, without a reference.
///
/// An address space is known by its `mm`. Where the probes name only a vma, the space is 0 and the vma tells entries
/// apart; a vma may be split or copied, so an unmap that names another one leaves them in dispute.
struct HostTables {
  /// Mappings kept; beyond it new ones are not taken in.
  static let limit = 1 << 22
  /// Larger mappings are of device memory that no allocator frees.
  static let pageLimit: UInt64 = 1 << 24

  private var records = Pool<HostMapping>()
  /// Numbers of live records by space, in order of address.
  private var spaces: [UInt64: [UInt32]] = [:]
  private(set) var frames = FrameIndex()
  /// The space that a task made entries in last.
  private var makers = PerTask<UInt64>()

  subscript(number: UInt32) -> HostMapping {
    get { records[number] }
    set { records[number] = newValue }
  }

  var isEmpty: Bool { spaces.isEmpty }

  /// The numbers of all mappings.
  var numbers: [UInt32] { spaces.values.flatMap { $0 }.sorted() }

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
  mutating func add(_ mapping: HostMapping) -> UInt32? {
    guard records.count < Self.limit else { return nil }
    makers[mapping.insertion.pid] = mapping.space
    let number = records.add(mapping)
    records[number].node = frames.insert(number, pfn: mapping.pfn, pages: mapping.pages)
    let place = place(in: mapping.space, endingAfter: mapping.address)
    spaces[mapping.space, default: []].insert(number, at: place)
    return number
  }

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
  var allSpaces: [UInt64] { Array(spaces.keys) }

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
    _ = add(piece)
  }

  private mutating func drop(_ number: UInt32) {
    let old = records[number]
    frames.remove(old.node)
    records[number].isLive = false
    records.remove(number)
    let place = place(in: old.space, endingAfter: old.address)
    guard let count = spaces[old.space]?.count, place < count else { return }
    if count == 1 {
      spaces[old.space] = nil
    } else {
      spaces[old.space]?.remove(at: place)
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
