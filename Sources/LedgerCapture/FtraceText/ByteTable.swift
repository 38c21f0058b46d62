import LedgerInput

/// Small numbers for byte strings, given out in the order they were first seen; never more than `limit`.
///
/// Open addressing over whole 8-byte words: a `Dictionary` keyed by `String` costs an allocation a lookup.
struct ByteTable {
  private var slots: [UInt32]
  private var hashes: [UInt64] = []
  private var starts: [Int] = []
  private var lengths: [Int] = []
  private var pool: [UInt64] = []
  let limit: Int

  init(limit: Int) {
    self.limit = limit
    slots = Array(repeating: 0, count: 256)
  }

  var count: Int { hashes.count }

  /// The number of `count` bytes at `start`, nil when they are new. The block's padding must lie behind them.
  @inline(__always)
  func find(_ bytes: RawSpan, at start: Int, count: Int, hash: UInt64) -> Int? {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: hash &>> 32) & mask
    while true {
      let entry = slots[slot]
      guard entry != 0 else { return nil }
      let index = Int(entry) &- 1
      if hashes[index] == hash, lengths[index] == count, isSame(bytes, start, count, index) {
        return index
      }
      slot = (slot &+ 1) & mask
    }
  }

  @inline(__always)
  private func isSame(_ bytes: RawSpan, _ start: Int, _ count: Int, _ index: Int) -> Bool {
    var word = starts[index]
    var offset = 0
    while offset < count {
      guard pool[word] == Self.word(bytes, start &+ offset, count &- offset) else { return false }
      offset &+= 8
      word &+= 1
    }
    return true
  }

  /// Gives the next number to bytes that `find` did not know; nil when the table is full.
  mutating func insert(_ bytes: RawSpan, at start: Int, count: Int, hash: UInt64) -> Int? {
    guard hashes.count < limit else { return nil }
    if (hashes.count &+ 1) &* 2 > slots.count { grow() }
    let index = hashes.count
    hashes.append(hash)
    starts.append(pool.count)
    lengths.append(count)
    for offset in stride(from: 0, to: count, by: 8) {
      pool.append(Self.word(bytes, start &+ offset, count &- offset))
    }
    place(index)
    return index
  }

  private mutating func place(_ index: Int) {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: hashes[index] &>> 32) & mask
    while slots[slot] != 0 { slot = (slot &+ 1) & mask }
    slots[slot] = UInt32(truncatingIfNeeded: index &+ 1)
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count &* 2)
    for index in hashes.indices { place(index) }
  }

  @inline(__always)
  static func hash(_ bytes: RawSpan, at start: Int, count: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
    var offset = 0
    while offset < count {
      hash = (hash ^ word(bytes, start &+ offset, count &- offset)) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash &>> 29
      offset &+= 8
    }
    return hash &* 0x9e37_79b9_7f4a_7c15
  }

  /// Up to eight bytes, the missing ones zero.
  @inline(__always)
  static func word(_ bytes: RawSpan, _ start: Int, _ left: Int) -> UInt64 {
    let word = bytes.u64(start)
    return left >= 8 ? word : word & ((1 &<< (UInt64(truncatingIfNeeded: left) &* 8)) &- 1)
  }
}
