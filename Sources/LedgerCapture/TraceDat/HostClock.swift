import LedgerCore
import LedgerInput

/// What a guest's file says about the host's clock (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:tsync_cpu_offsets_load,
/// timestamp_host_sync).
///
/// trace-cmd leaves the times of a guest's instances as they are; here all buffers of the file are shifted alike, as all
/// were recorded with one clock.
struct HostClock: Sendable, Equatable {
  /// The clocks compared at one moment.
  struct Sample: Sendable, Equatable {
    var time: UInt64
    var offset: Int64 = 0
    var scaling: UInt64 = 1
    var fraction: UInt64 = 0
  }

  /// Of the host's session.
  private(set) var session: UInt64
  private var interpolates: Bool
  /// By virtual CPU.
  private var samples: [[Sample]] = []

  private static let cpuLimit: UInt32 = 1 << 16

  /// Reads the option; nil when it has no samples.
  init?(_ cursor: inout ByteCursor) throws(CaptureError) {
    session = try cursor.u64("time shift")
    interpolates = try cursor.u32("time shift") & 1 != 0
    let count = min(try cursor.u32("time shift"), Self.cpuLimit)
    for _ in 0..<count { samples.append(try Self.samples(&cursor)) }
    // Later recorders add the scale of the factors behind all CPUs.
    if cursor.remaining >= 8 {
      for cpu in samples.indices {
        for place in samples[cpu].indices {
          samples[cpu][place].fraction = try cursor.u64("time shift")
        }
      }
    }
    for cpu in samples.indices { Self.settle(&samples[cpu]) }
    guard samples.contains(where: { !$0.isEmpty }) else { return nil }
  }

  private static func samples(_ cursor: inout ByteCursor) throws(CaptureError) -> [Sample] {
    let count = try cursor.u32("time shift")
    guard UInt64(count) * 24 <= cursor.remaining else {
      throw .headerTruncated(path: "", offset: cursor.offset, what: "time shift")
    }
    var found: [Sample] = []
    for _ in 0..<count { found.append(Sample(time: try cursor.u64("time shift"))) }
    for place in found.indices {
      found[place].offset = Int64(bitPattern: try cursor.u64("time shift"))
    }
    for place in found.indices { found[place].scaling = try cursor.u64("time shift") }
    return found
  }

  /// Puts samples in the order of their times, one for each.
  private static func settle(_ samples: inout [Sample]) {
    samples.sort { $0.time < $1.time }
    var last: UInt64?
    samples.removeAll { sample in
      defer { last = sample.time }
      return sample.time == last
    }
  }

  /// The host's time.
  func time(_ ticks: UInt64, cpu: Int) -> UInt64 {
    guard cpu < samples.count, let first = samples[cpu].first else { return ticks }
    let samples = samples[cpu]
    guard samples.count > 1 else { return ticks &+ UInt64(bitPattern: first.offset) }
    var low = 0
    var high = samples.count - 1
    // The last sample that is not later, but one that has a next.
    while low < high - 1 {
      let middle = (low + high) / 2
      if samples[middle].time <= ticks { low = middle } else { high = middle }
    }
    return convert(ticks, samples[low], samples[low + 1])
  }

  private func convert(_ ticks: UInt64, _ from: Sample, _ to: Sample) -> UInt64 {
    var offset = from.offset
    if interpolates {
      let span = Int128(to.time) - Int128(from.time)
      let rise = Int128(to.offset) - Int128(from.offset)
      let (product, overflow) = (Int128(ticks) - Int128(from.time))
        .multipliedReportingOverflow(by: rise)
      if !overflow, span > 0 {
        offset &+= Int64(truncatingIfNeeded: (product &+ span / 2) / span)
      }
    }
    let product = ticks.multipliedFullWidth(by: from.scaling)
    let scaled =
      from.fraction == 0 || from.fraction > 63
      ? product.low : product.low >> from.fraction | product.high << (64 - from.fraction)
    return scaled &+ UInt64(bitPattern: offset)
  }
}
