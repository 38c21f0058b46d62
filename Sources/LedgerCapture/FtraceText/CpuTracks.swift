import LedgerCore

/// What the lines of each CPU said last, and which CPUs are in the dark.
struct CpuTracks {
  private struct Track {
    var time: UInt64 = 0
    var isSeen = false
    /// A `gapOpens` was given out and its `gapCloses` was not.
    var isDark = false
    /// A loss was announced, the CPU's next event ends it.
    var isLost = false
    var lost: UInt64 = 0
    var backwards: UInt64 = 0
    var backwardsLine: UInt64 = 0
  }

  private var tracks: [Track] = []
  private var darkCount = 0
  /// Events since the header that opened gaps.
  private var sinceHeader = 0

  /// A CPU without events among so many has an empty buffer: it is not in the dark.
  private static let patience = 4096

  /// Highest CPU that had an event, plus one.
  private(set) var count = 0

  private mutating func reach(_ cpu: Int) {
    guard cpu >= tracks.count, cpu < LineContext.cpuLimit else { return }
    tracks.append(contentsOf: repeatElement(Track(), count: cpu &+ 1 &- tracks.count))
  }

  /// Enters an event; true when `marks` has something to say before it.
  @inline(__always)
  mutating func enter(cpu: Int, time: UInt64, line: UInt64) -> Bool {
    if cpu >= tracks.count { reach(cpu) }
    if tracks[cpu].isSeen, !tracks[cpu].isLost, darkCount == 0 {
      if time < tracks[cpu].time { runBack(cpu, line) }
      tracks[cpu].time = time
      return false
    }
    return true
  }

  /// Enters an event of which there is nothing to say; false, and nothing changes, when there is.
  @inline(__always)
  mutating func pass(cpu: Int, time: UInt64) -> Bool {
    guard cpu < tracks.count, darkCount == 0 else { return false }
    let track = tracks[cpu]
    guard track.isSeen, !track.isLost, time >= track.time else { return false }
    tracks[cpu].time = time
    return true
  }

  /// The marks before an event that `enter` stopped at; enters it too.
  mutating func marks(cpu: Int, time: UInt64, line: UInt64) -> [Event] {
    count = max(count, cpu &+ 1)
    var marks: [Event] = []
    let track = tracks[cpu]
    if track.isDark || track.isLost {
      let lost = Int32(clamping: track.lost)
      if !track.isDark { marks.append(.gap(.gapOpens, cpu, track.time, lost)) }
      marks.append(.gap(.gapCloses, cpu, time, lost))
      if track.isDark { darkCount &-= 1 }
    }
    if track.isSeen, time < track.time { runBack(cpu, line) }
    tracks[cpu].time = time
    tracks[cpu].isSeen = true
    tracks[cpu].isDark = false
    tracks[cpu].isLost = false
    tracks[cpu].lost = 0
    sinceHeader &+= 1
    if darkCount > 0, sinceHeader >= Self.patience { marks += giveUp(time) }
    return marks
  }

  private mutating func giveUp(_ time: UInt64) -> [Event] {
    darkCount = 0
    return tracks.indices.filter { tracks[$0].isDark }.map { cpu in
      tracks[cpu].isDark = false
      return .gap(.gapCloses, cpu, time, 0)
    }
  }

  private mutating func runBack(_ cpu: Int, _ line: UInt64) {
    if tracks[cpu].backwards == 0 { tracks[cpu].backwardsLine = line }
    tracks[cpu].backwards &+= 1
  }

  /// Events of a CPU were lost before its next one; 0 when their number is unknown.
  mutating func lose(_ number: UInt64, cpu: Int) {
    reach(cpu)
    guard cpu < tracks.count else { return }
    tracks[cpu].isLost = true
    let (sum, over) = tracks[cpu].lost.addingReportingOverflow(number)
    tracks[cpu].lost = over ? .max : sum
  }

  /// An event was lost, of which CPU is not known: any that had one before.
  mutating func loseAnywhere() {
    for cpu in tracks.indices where tracks[cpu].isSeen { tracks[cpu].isLost = true }
  }

  /// The oldest events of a buffer were overwritten: all its CPUs are in the dark until their first event.
  mutating func openAll(_ cpus: Int) -> [Event] {
    guard cpus > 0 else { return [] }
    reach(min(cpus, LineContext.cpuLimit) &- 1)
    sinceHeader = 0
    return (0..<min(cpus, tracks.count)).compactMap { cpu in
      guard !tracks[cpu].isDark else { return nil }
      tracks[cpu].isDark = true
      darkCount &+= 1
      return .gap(.gapOpens, cpu, 0, 0)
    }
  }

  /// The text shows the CPU only from here on. Where a header said so before, it is in the dark already.
  mutating func startLate(_ cpu: Int) {
    reach(cpu)
    guard cpu < tracks.count, !tracks[cpu].isDark else { return }
    tracks[cpu].isLost = true
  }

  /// Another buffer starts in the same text: every CPU that had an event is in the dark from `time` to its next one.
  mutating func restart(at time: UInt64) -> [Event] {
    sinceHeader = 0
    return tracks.indices.compactMap { cpu in
      tracks[cpu].time = 0
      guard tracks[cpu].isSeen, !tracks[cpu].isDark else { return nil }
      tracks[cpu].isDark = true
      darkCount &+= 1
      return .gap(.gapOpens, cpu, time, 0)
    }
  }

  /// A new buffer starts in the same text, its times start anew.
  mutating func startBuffer() { for cpu in tracks.indices { tracks[cpu].time = 0 } }

  /// Times that ran backwards, one row a CPU.
  func reportBackwards(to losses: inout LossLedger) {
    for (cpu, track) in tracks.enumerated() where track.backwards > 0 {
      losses.add(
        .timeBackwards, count: track.backwards, cpu: cpu, detail: "line \(track.backwardsLine)")
    }
  }
}

extension Event {
  /// A mark of the reader.
  static func gap(_ kind: EventKind, _ cpu: Int, _ time: UInt64, _ lost: Int32) -> Event {
    var mark = Event()
    mark.kind = kind
    mark.cpu = UInt16(truncatingIfNeeded: cpu)
    mark.time = time
    mark.value = lost
    return mark
  }
}
