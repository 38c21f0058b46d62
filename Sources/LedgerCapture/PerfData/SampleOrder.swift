import LedgerCore

/// Watches that samples which follow each other in the file, of one task on one CPU, follow each other in time: they stand in the order in
/// which the CPU wrote them into its ring buffer, or the task into its own.
///
/// An interrupt between a sample's time and its place in the buffer (kernel/events/ring_buffer.c:perf_output_begin, 5.4 to 7.1) puts
/// samples of its own before it, with times that are later by as long as it lasts.
struct SampleOrder {
  private var cpu = UInt32.max
  private var tid: Int32 = -1
  private var time: UInt64 = 0
  /// Samples that are further back in time than any interrupt takes, and the first of them.
  private(set) var late: UInt64 = 0
  private(set) var first: (cpu: UInt32, time: UInt64, behind: UInt64)?

  /// Nanoseconds.
  private static let longest: UInt64 = 250_000

  @inline(__always)
  mutating func note(cpu: UInt32, tid: Int32, time: UInt64) {
    if time < self.time, cpu == self.cpu, tid == self.tid, self.time &- time > Self.longest {
      count(cpu, time)
    }
    (self.cpu, self.tid, self.time) = (cpu, tid, time)
  }

  @inline(never)
  private mutating func count(_ cpu: UInt32, _ time: UInt64) {
    late &+= 1
    if first == nil { first = (cpu, time, self.time) }
  }
}
