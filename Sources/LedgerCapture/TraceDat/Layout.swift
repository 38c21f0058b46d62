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
}

/// What `per_cpu/cpuN/stats` said about one CPU when the recording ended (kernel/trace/trace.c:tracing_stats_read, 6.1).
struct CpuStatistics: Sendable, Equatable {
  var cpu = 0
  var entries: UInt64 = 0
  var overrun: UInt64 = 0
  var commitOverrun: UInt64 = 0
  var dropped: UInt64 = 0
  var read: UInt64 = 0

  /// Events that a complete file holds: those read before the statistics were taken, and those still to be read.
  var produced: UInt64 { read &+ entries }

  /// Reads `CPU: 0`, `entries: 13643`, `overrun: 0` and so on, a line each.
  init(text: [UInt8]) {
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = UInt64(parts[1].drop { $0 == " " }) ?? 0
      switch parts[0] {
      case "CPU": cpu = Int(clamping: value)
      case "entries": entries = value
      case "overrun": overrun = value
      case "commit overrun": commitOverrun = value
      case "dropped events": dropped = value
      case "read events": read = value
      default: break
      }
    }
  }
}

/// All that a trace.dat says before its first record.
struct TraceDatLayout: Sendable {
  var version = 6
  var bigEndian = false
  var pageSize = 4096
  var compression = Compression.none
  var page = PageHeader()
  var formats: [EventFormat] = []
  var kallsyms: [UInt8] = []
  /// Reads the kallsyms that were passed over, when they are asked for.
  var symbols: (@Sendable () -> [UInt8])?
  var comms: [Int32: String] = [:]
  var cpus = 0
  var kernel = ""
  var clock = ""
  var time = TimeCorrection()
  var statistics: [CpuStatistics] = []
  var extents: [CpuExtent] = []
  var losses = LossLedger()
  /// Formats that could not be read, of all.
  var badFormats = 0
  /// The formats are those of events that were seen, not of those that were enabled.
  var formatsAreOfSeenEvents = false
}

/// How raw times become the times that `trace-cmd report` shows (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:timestamp_calc).
struct TimeCorrection: Sendable, Equatable {
  /// Nanoseconds to add after scaling.
  var offset: UInt64 = 0
  /// Cycles to nanoseconds: `ticks * multiplier >> shift`; 0 leaves them as they are.
  var multiplier: UInt32 = 0
  var shift: UInt32 = 0

  /// Leaves every time as it is.
  var isIdentity: Bool { offset == 0 && multiplier == 0 }

  /// The corrected time; wraps like the original.
  func apply(_ ticks: UInt64) -> UInt64 {
    guard multiplier != 0 else { return ticks &+ offset }
    let product = ticks.multipliedFullWidth(by: UInt64(multiplier))
    let scaled: UInt64
    switch shift {
    case 0: scaled = product.low
    case 1..<64: scaled = product.low >> UInt64(shift) | product.high << UInt64(64 - shift)
    default: scaled = product.high >> UInt64(min(shift - 64, 63))
    }
    return scaled &+ offset
  }
}
