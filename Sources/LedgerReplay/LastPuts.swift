internal import LedgerCore

/// How many pages each task has brought to zero and not freed yet.
///
/// The kernel frees a page in the task that dropped its last reference, soon after it, one by one or in batches. A free of a page that
/// nobody let go of, by a task that owes the free of another one, contradicts that: one of the two records names a wrong page, and no
/// third one says which.
struct LastPuts {
  private struct Entry {
    var pid: Int32 = -1
    var owed: Int32 = 0
    var time: UInt64 = 0
  }

  private var entries = Array(repeating: Entry(), count: 1 << 8)
  private static let mask = 0xff
  /// Nanoseconds after which nothing is owed any more: the page went another way.
  private static let window: UInt64 = 100_000_000

  /// A put brought the count to zero.
  @inline(__always)
  mutating func note(_ put: Event) {
    let place = Int(put.pid) & Self.mask
    let isSame = entries[place].pid == put.pid && put.time &- entries[place].time <= Self.window
    let owed = isSame ? entries[place].owed &+ 1 : 1
    entries[place] = Entry(pid: put.pid, owed: owed, time: put.time)
  }

  /// True when the task of this free owes the free of another page; `isDue` says that somebody let go of this one.
  @inline(__always)
  mutating func contradict(_ free: Event, isDue: Bool) -> Bool {
    let place = Int(free.pid) & Self.mask
    let entry = entries[place]
    guard entry.pid == free.pid, entry.owed > 0 else { return false }
    guard !isDue else {
      entries[place].owed &-= 1
      return false
    }
    return free.time &- entry.time <= Self.window
  }
}
