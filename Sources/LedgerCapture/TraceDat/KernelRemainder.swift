import LedgerCore
import LedgerFormat

/// Events that the kernel counted and the file does not hold: they stayed in the ring buffers.
///
/// trace-cmd stores the statistics of each CPU's buffer when the recording ends. A command that ends too soon leaves
/// the last sub-buffers behind, or all of a CPU's events.
struct KernelRemainder: Sendable {
  private struct Lane {
    var cpu: Int
    /// What the kernel said, nil when it was not asked.
    var told: CpuStatistics?
    var seen: UInt64 = 0
    /// Events that fit into one sub-buffer, at most.
    var reach: UInt64 = 0

    /// The kernel tells first what is left, then what was read (kernel/trace/trace.c:tracing_stats_read, 6.12), and trace-cmd asks while its
    /// readers empty the buffers: the sub-buffer that they take in between is in both numbers. They have gone on if the file has more than
    /// was read.
    var isRaced: Bool { told.map { $0.entries > 0 && seen > $0.read } ?? false }

    var missing: UInt64 {
      guard let told, told.produced > seen else { return 0 }
      let missing = told.produced - seen
      return isRaced && missing <= min(told.read, seen - told.read, reach) ? 0 : missing
    }

    /// All that was read is there, and what was left then may have been the sub-buffer that was read last.
    var mayBeWhole: Bool {
      told.map { seen == $0.read && $0.entries <= min($0.read, reach) } ?? false
    }
  }

  /// Bytes of the smallest record of a tracepoint: its head, and the fields that all have.
  private static let smallestRecord = 12

  private var lanes: [Lane]
  /// The reader of some CPU went on while trace-cmd asked.
  private var someRaced = false
  /// CPUs that have statistics but no data.
  private let silent: [Lane]
  /// CPUs that the capture lacks.
  private let absent: [Int]

  /// Compares the statistics with the file's data, buffer by buffer.
  init(_ layout: TraceDatLayout) {
    var known: [CpuBuffer: Lane] = [:]
    for row in layout.statistics { known[row.buffer] = Lane(cpu: row.cpu, told: row) }
    lanes = layout.extents.map { extent in
      var lane = known[extent.buffer] ?? Lane(cpu: extent.cpu)
      lane.reach = UInt64(max(extent.subBuffer, layout.page.size) / Self.smallestRecord)
      return lane
    }
    absent = layout.missingCPUs
    let present = Set(layout.extents.map(\.buffer))
    silent = layout.statistics
      .filter { !present.contains($0.buffer) && $0.produced > 0 }
      .map { Lane(cpu: $0.cpu, told: $0) }
  }

  mutating func count(_ records: UInt64, lane: Int) {
    lanes[lane].seen &+= records
    if lanes[lane].isRaced { someRaced = true }
  }

  private static let all = "all of the CPU's events"

  /// Where the reader of another CPU went on, this one's may have just come to its end.
  private func missing(_ lane: Int) -> UInt64 {
    someRaced && lanes[lane].mayBeWhole ? 0 : lanes[lane].missing
  }

  /// Accounts what is missing at the end of a lane, unless damage to the file explains it.
  func finish(lane: Int, _ losses: inout LossLedger) {
    let (cpu, missing) = (lanes[lane].cpu, missing(lane))
    guard missing > 0 else { return }
    let damage: [LossCode] = [.truncated, .corruptSubBuffer, .corruptChunk]
    guard !losses.rows.contains(where: { damage.contains($0.code) && $0.cpu == cpu }) else {
      return
    }
    let isAll = lanes[lane].seen == 0
    losses.add(
      .leftInKernel, count: missing, cpu: cpu,
      detail: isAll ? Self.all : "after the CPU's last event in the file")
  }

  /// Accounts the CPUs that have no data at all.
  func account(_ losses: inout LossLedger) {
    for cpu in absent { losses.add(.missingCPU, count: 0, cpu: cpu, detail: "per_cpu/cpu\(cpu)") }
    guard !losses.rows.contains(where: { $0.code == .truncated }) else { return }
    for lane in silent {
      losses.add(
        .leftInKernel, count: lane.missing, cpu: lane.cpu, detail: Self.all)
    }
  }

  /// Gaps of the CPUs without data, open from the start of the capture.
  func gaps(from time: UInt64) -> [Event] {
    (silent.map(\.cpu) + absent).map { Self.gap($0, time) }
  }

  /// The gap after a lane's last event, nil when nothing is missing.
  func gap(lane: Int, at time: UInt64) -> Event? {
    missing(lane) > 0 ? Self.gap(lanes[lane].cpu, time) : nil
  }

  private static func gap(_ cpu: Int, _ time: UInt64) -> Event {
    var event = Event()
    event.kind = .gapOpens
    event.cpu = UInt16(truncatingIfNeeded: cpu)
    event.time = time
    return event
  }
}
