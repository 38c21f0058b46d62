import LedgerInput

/// Task names by thread id, learned from the lines themselves.
///
/// A small direct-mapped cache in front tells that a pid still has the name it had, which is all that
/// happens on nearly every line.
struct CommCache {
  /// How many threads are remembered.
  static let limit = 1 << 16

  private struct Slot {
    var pid: Int32 = -1
    var count = -1
    var hash: UInt64 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: 1024)
  /// The last name seen of each thread.
  private(set) var comms: [Int32: String] = [:]
  /// How often a slot of the cache was given to another name: while it stands still, what was noted last is known.
  private(set) var changes: UInt64 = 0

  /// Takes note that `pid` is called by the bytes in `start ..< end`.
  @inline(__always)
  mutating func note(_ pid: Int32, _ bytes: RawSpan, from start: Int, to end: Int) {
    let slot = Int(pid) & 1023
    let count = end &- start
    let hash = ByteTable.hash(bytes, at: start, count: min(count, 64))
    let known = slots[slot]
    if known.pid == pid, known.hash == hash, known.count == count { return }
    changes &+= 1
    slots[slot] = Slot(pid: pid, count: count, hash: hash)
    learn(pid, bytes, start, end)
  }

  /// `<...>` stands for a name that the kernel did not keep.
  private mutating func learn(_ pid: Int32, _ bytes: RawSpan, _ start: Int, _ end: Int) {
    guard start < end, !Self.unknown.isFound(in: bytes, at: start, end: end) else { return }
    guard comms.count < Self.limit || comms[pid] != nil else { return }
    comms[pid] = bytes.text(from: start, to: min(end, start &+ 64))
  }

  private static let unknown = StaticText("<...>")
}
