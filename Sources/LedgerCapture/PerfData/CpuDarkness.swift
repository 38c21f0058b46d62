import LedgerCore

/// What each CPU's records said last, and which CPUs are in the dark.
struct CpuDarkness {
  private struct Track {
    var time: UInt64 = 0
    var isSeen = false
    var isDark = false
    /// Events lost in the open gap, 0 when unknown.
    var missing: UInt64 = 0
    /// Events that `LOST` records told of.
    var told: UInt64 = 0
    /// Events that the kernel counted as lost when the recording ended.
    var counted: UInt64 = 0

    @inline(__always)
    mutating func see(_ now: UInt64) {
      isSeen = true
      if now > time { time = now }
    }
  }

  /// A gap was open at some time; most captures have none.
  private var isAnyDark = false

  private var tracks: [Track] = []

  /// Highest CPU that had a record, plus one.
  var count: Int { tracks.count }

  private mutating func reach(_ cpu: UInt16) {
    guard Int(cpu) >= tracks.count else { return }
    tracks.append(contentsOf: repeatElement(Track(), count: Int(cpu) + 1 - tracks.count))
  }

  /// Enters a sample; the mark before it when it ends a gap.
  @inline(__always)
  mutating func enter(cpu: UInt16, time: UInt64) -> Event? {
    let place = Int(cpu)
    if place >= tracks.count { reach(cpu) }
    tracks[place].see(time)
    guard isAnyDark, tracks[place].isDark else { return nil }
    tracks[place].isDark = false
    return .gap(.gapCloses, place, time, Int32(clamping: tracks[place].missing))
  }

  /// Opens a gap behind the last sample of a CPU; nil when it is open already.
  mutating func open(cpu: UInt16, missing: UInt64) -> Event? {
    reach(cpu)
    let place = Int(cpu)
    let isNew = !tracks[place].isDark
    let before = isNew ? 0 : tracks[place].missing
    let isKnown = missing > 0 && (isNew || before > 0)
    tracks[place].missing = isKnown ? before &+ missing : 0
    tracks[place].isDark = true
    isAnyDark = true
    guard isNew else { return nil }
    return .gap(.gapOpens, place, tracks[place].time, Int32(clamping: tracks[place].missing))
  }

  /// CPUs that had a sample; CPU 0 when none had.
  var seen: [UInt16] {
    let seen = tracks.indices.filter { tracks[$0].isSeen }.map { UInt16(truncatingIfNeeded: $0) }
    return seen.isEmpty ? [0] : seen
  }

  /// A `LOST` record told of so many events.
  mutating func tell(cpu: UInt16, _ number: UInt64) {
    reach(cpu)
    tracks[Int(cpu)].told &+= number
  }

  /// The kernel's own count at the end of the recording contains what the records told.
  mutating func summarize(cpu: UInt16, _ number: UInt64) {
    reach(cpu)
    tracks[Int(cpu)].counted &+= number
  }

  /// Events that were lost without a record of where, by CPU.
  var untold: [(cpu: UInt16, number: UInt64)] {
    tracks.indices.filter { tracks[$0].counted > tracks[$0].told }.map {
      (UInt16(truncatingIfNeeded: $0), tracks[$0].counted &- tracks[$0].told)
    }
  }
}
