import LedgerCore

/// Watches that samples of tracepoints follow each other in time as they do in the file: in the order in which a CPU, or a task, wrote
/// them into its ring buffer.
///
/// Only an interrupt between a sample's time and its place in the buffer (kernel/events/core.c:perf_prepare_sample,
/// kernel/events/ring_buffer.c:perf_output_begin, 5.4 to 7.1) puts samples before it that are later. They are of the same task, in a
/// deeper context, and every context is left but once.
struct SampleOrder {
  private struct Track {
    var time: UInt64 = 0
    var cpu: UInt16 = 0
    var pid: Int32 = -1
    /// How deep the context of the sample in the file before is: 0 a task, 3 an NMI.
    var depth: UInt8 = 0
  }

  /// By CPU where each has a ring buffer, else one.
  private var tracks = [Track()]
  private let isByCPU: Bool
  private let tolerance: UInt64
  /// Samples that are earlier than an interrupt explains, and the first of them.
  private(set) var late: UInt64 = 0
  private(set) var first: (cpu: UInt16, time: UInt64, behind: UInt64)?

  /// Nanoseconds that an interrupt may last, a guest's stolen time and all.
  private static let longest: UInt64 = 10_000_000

  /// `isByCPU` where each CPU has a ring buffer of its own, not each task; `isStrict` when the clock never steps back on a CPU.
  init(isByCPU: Bool, isStrict: Bool) {
    self.isByCPU = isByCPU
    // ktime_get_mono_fast_ns() may step back when the clock's rate is set (kernel/time/timekeeping.c, 6.1).
    tolerance = isStrict ? 0 : 10_000
  }

  /// `event` is the sample's, with the context and the task of the tracepoint's own record.
  @inline(__always)
  mutating func note(_ event: Event) {
    let place = isByCPU ? Int(event.cpu) : 0
    if place < tracks.count, event.time >= tracks[place].time {
      tracks[place] = Self.track(event)
      return
    }
    noteEarlier(event, place)
  }

  @inline(__always)
  private static func track(_ event: Event) -> Track {
    Track(time: event.time, cpu: event.cpu, pid: event.pid, depth: depth(event.context))
  }

  @inline(never)
  private mutating func noteEarlier(_ event: Event, _ place: Int) {
    if place >= tracks.count {
      tracks.append(contentsOf: repeatElement(Track(), count: place + 1 - tracks.count))
    }
    let last = tracks[place]
    let behind = last.time > event.time ? last.time &- event.time : 0
    let isSame = last.cpu == event.cpu && last.pid == event.pid
    let depth = Self.depth(event.context)
    if behind > 0, isSame, depth < last.depth, behind <= Self.longest {
      tracks[place].depth = depth
      return
    }
    if behind > tolerance, isByCPU || isSame {
      late &+= 1
      if first == nil { first = (event.cpu, event.time, last.time) }
    }
    tracks[place] = Self.track(event)
  }

  /// NMI, hard and soft interrupt (include/linux/trace_events.h:trace_flag_type, 6.1).
  @inline(__always)
  private static func depth(_ context: UInt8) -> UInt8 {
    if context & 0x58 == 0 { return 0 }
    return context & 0x40 != 0 ? 3 : context & 0x08 != 0 ? 2 : 1
  }
}
