import LedgerCore
import LedgerFormat
import LedgerInput

/// Where one CPU's sub-buffers lie in the file.
struct CpuExtent: Sendable, Equatable {
  /// Instance of the trace buffer, empty for the top one.
  var instance: String
  var cpu: Int
  var offset: UInt64
  /// Bytes that the file claims, with the count of chunks when compressed.
  var size: UInt64
  var compression: Compression
  /// Bytes of a sub-buffer, 0 to take it from `header_page`.
  var subBuffer: Int
  /// The last sub-buffer may lack bytes behind its records.
  var mayEndShort = false
  /// It claimed bytes of another CPU, too: what follows is not known.
  var isContested = false
}

/// What `per_cpu/cpuN/stats` said about one CPU when the recording ended (kernel/trace/trace.c:tracing_stats_read, 6.1).
struct CpuStatistics: Sendable, Equatable {
  /// Instance of the trace buffer, empty for the top one.
  var instance = ""
  var cpu = 0
  var entries: UInt64 = 0
  var overrun: UInt64 = 0
  var commitOverrun: UInt64 = 0
  var dropped: UInt64 = 0
  var read: UInt64 = 0
  /// The buffer's clock, in microseconds or in its own unit.
  var now: UInt64?
  /// The time of the oldest event that is left, in the same unit.
  var oldest: UInt64 = 0
  /// The highest ticks that records of the file can have: trace-cmd stops tracing, or takes what there is, before it asks
  /// (tracecmd/trace-record.c:record_trace, trace_extract, 3.1). Nil where others copied the files of a running kernel, and of a buffer that outlived
  /// a boot (kernel/trace/ring_buffer.c:rb_meta_validate_events, 6.12): its events are older than the clock.
  var latest: UInt64?

  /// Events that a complete file holds: those read before the statistics were taken, and those still to be read.
  var produced: UInt64 { read &+ entries }

  /// Reads `CPU: 0`, as trace-cmd adds it, `entries: 13643`, `overrun: 0` and so on, a line each; nil when no CPU is named.
  init?(text: [UInt8], instance: String) {
    self.init(text: text, instance: instance, cpu: nil)
    guard let now, oldest <= now else { return }
    let unit: UInt64 = text.contains(Self.point) ? 1000 : 1
    latest = min(now, Self.farthest) * unit + Self.skew
  }

  /// Only clocks in nanoseconds are told with a decimal point.
  private static let point = UInt8(ascii: ".")
  /// Ticks that the clocks of two CPUs may be apart.
  private static let skew: UInt64 = 1 << 26
  private static let farthest: UInt64 = 1 << 53

  /// Reads the kernel's own file of a CPU, which does not name it.
  init?(text: [UInt8], cpu: Int) { self.init(text: text, instance: "", cpu: cpu) }

  private init?(text: [UInt8], instance: String, cpu known: Int?) {
    self.instance = instance
    cpu = known ?? 0
    var isNamed = known != nil
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = UInt64(parts[1].drop { $0 == " " }) ?? 0
      switch parts[0] {
      case "CPU" where known == nil:
        cpu = Int(clamping: value)
        isNamed = true
      case "entries": entries = value
      case "overrun": overrun = value
      case "commit overrun": commitOverrun = value
      case "dropped events": dropped = value
      case "read events": read = value
      case "now ts": now = UInt64(parts[1].filter(\.isNumber))
      case "oldest event ts": oldest = UInt64(parts[1].filter(\.isNumber)) ?? 0
      default: break
      }
    }
    guard isNamed else { return nil }
  }
}

/// The part of a trace buffer that one CPU writes.
struct CpuBuffer: Hashable {
  var instance: String
  var cpu: Int
}

extension CpuStatistics {
  /// What it is about.
  var buffer: CpuBuffer { CpuBuffer(instance: instance, cpu: cpu) }
}

extension CpuExtent {
  /// Whose data it is.
  var buffer: CpuBuffer { CpuBuffer(instance: instance, cpu: cpu) }
}

/// One trace buffer of a file.
struct TraceBuffer: Sendable, Equatable {
  /// Instance of the trace buffer, empty for the top one.
  var name = ""
  /// The clock that the file names for it.
  var clock = ""
}

/// Where the text of a latency tracer lies, which a file has in place of records.
struct TraceDatText: Sendable, Equatable {
  var offset: UInt64
  var size: UInt64
  /// Of pieces like those of a CPU's data.
  var compression: Compression
}

/// All that a trace.dat says before its first record.
struct TraceDatLayout: Sendable {
  var version = 6
  var bigEndian = false
  var pageSize = 4096
  var compression = Compression.none
  var page = PageHeader()
  var formats: [EventFormat] = []
  /// The kallsyms that were passed over.
  var symbolText: SymbolText?
  /// Reads them when they are asked for.
  var symbols: (@Sendable () -> [UInt8])? {
    symbolText.map { text in { @Sendable in text.bytes } }
  }
  /// Build ids by module, that of the kernel without a name.
  var buildIDs: [String: [UInt8]] = [:]
  var comms: [Int32: String] = [:]
  var cpus = 0
  /// CPUs whose data was not copied.
  var missingCPUs: [Int] = []
  var kernel = ""
  var clock = ""
  /// What the option TRACECLOCK says: the kernel's own word on the clock of one buffer.
  var kernelClock = ""
  var time = TimeCorrection()
  var statistics: [CpuStatistics] = []
  /// Which instance the next statistics are of.
  var statisticsOf = ""
  var extents: [CpuExtent] = []
  /// The buffers that the file names, the top one first.
  var buffers: [TraceBuffer] = []
  /// What a latency tracer printed, in place of records.
  var text: TraceDatText?
  /// Names of the guests whose files belong to this one.
  var guests: [String] = []
  var losses = LossLedger()
  /// The formats are those of events that were seen, not of those that were enabled.
  var formatsAreOfSeenEvents = false
}
