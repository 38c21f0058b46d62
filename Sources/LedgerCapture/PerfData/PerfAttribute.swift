import LedgerInput

/// What was asked of one event (include/uapi/linux/perf_event.h:perf_event_attr, 6.1); of later, longer ones the tail
/// is left alone.
struct PerfAttribute: Sendable {
  var type: UInt32 = 0
  var config: UInt64 = 0
  /// Every how many events a sample is taken, or how often in a second.
  var period: UInt64 = 0
  var samples = SampleBits()
  var readFormat: UInt64 = 0
  var flags: UInt64 = 0
  var clock: Int32 = 0
  /// Numbers of the event in records, one for each CPU or task.
  var ids: [UInt64] = []
  /// As the recorder called it, empty if it did not say.
  var name = ""

  static let tracepoint: UInt32 = 2

  /// The bits of `sample_type` that matter up to the raw data.
  struct SampleBits: OptionSet, Sendable {
    let rawValue: UInt64
    static let ip = SampleBits(rawValue: 1)
    static let tid = SampleBits(rawValue: 1 << 1)
    static let time = SampleBits(rawValue: 1 << 2)
    static let address = SampleBits(rawValue: 1 << 3)
    static let read = SampleBits(rawValue: 1 << 4)
    static let callchain = SampleBits(rawValue: 1 << 5)
    static let id = SampleBits(rawValue: 1 << 6)
    static let cpu = SampleBits(rawValue: 1 << 7)
    static let period = SampleBits(rawValue: 1 << 8)
    static let stream = SampleBits(rawValue: 1 << 9)
    static let raw = SampleBits(rawValue: 1 << 10)
    static let identifier = SampleBits(rawValue: 1 << 16)
  }

  /// Reads the attribute in `count` bytes at `start`, which lie within `bytes`; nil when they are too few.
  init?(_ bytes: RawSpan, at start: Int, count: Int, swapped: Bool) {
    guard count >= 64 else { return nil }
    let stated = Int(bytes.word32(start &+ 4, swapped))
    let size = min(count, stated == 0 ? 64 : stated)
    guard size >= 64 else { return nil }
    type = bytes.word32(start, swapped)
    config = bytes.word64(start &+ 8, swapped)
    period = bytes.word64(start &+ 16, swapped)
    samples = SampleBits(rawValue: bytes.word64(start &+ 24, swapped))
    readFormat = bytes.word64(start &+ 32, swapped)
    // Bit fields start at the most significant bit of a byte on big endian machines.
    for index in 0..<8 {
      let byte = bytes.u8(start &+ 40 &+ index)
      flags |= UInt64(swapped ? Self.mirrored(byte) : byte) << UInt64(8 * index)
    }
    if size >= 96 { clock = Int32(bitPattern: bytes.word32(start &+ 92, swapped)) }
  }

  private static func mirrored(_ byte: UInt8) -> UInt8 {
    (0..<8).reduce(0) { $0 | (byte >> UInt8($1) & 1) << UInt8(7 - $1) }
  }

  /// The ring buffer is written from its end (`perf record --overwrite`).
  var isBackward: Bool { flags >> 27 & 1 != 0 }

  /// Tasks that a task starts are recorded, too. The kernel maps a ring buffer for such an event only where it is of one CPU
  /// (kernel/events/core.c:perf_mmap, 5.4 to 7.1).
  var isInherited: Bool { flags >> 1 & 1 != 0 }

  /// Records that are no samples end with who, when and where.
  var marksAllRecords: Bool { flags >> 18 & 1 != 0 }

  /// Not every event gives a sample.
  var isThinned: Bool { flags >> 10 & 1 != 0 || period > 1 }

  /// The name of the clock that times are taken from, as ftrace calls the same clock.
  var clockName: String {
    guard flags >> 25 & 1 != 0 else { return "perf" }
    return switch clock {
    case 0: "realtime"
    case 1: "mono"
    case 4: "mono_raw"
    case 7: "boot"
    case 11: "tai"
    default: "perf"
    }
  }

  /// The recorder's name, or what the numbers mean in every kernel.
  var title: String {
    guard name.isEmpty else { return name }
    let names =
      switch type {
      case 0: Self.hardware
      case 1: Self.software
      default: [String]()
      }
    if config < UInt64(names.count) { return names[Int(config)] }
    if type == Self.tracepoint { return "tracepoint \(config)" }
    return "event type \(type) config 0x" + String(config, radix: 16)
  }

  private static let hardware = [
    "cycles", "instructions", "cache-references", "cache-misses", "branches", "branch-misses",
    "bus-cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "ref-cycles",
  ]
  private static let software = [
    "cpu-clock", "task-clock", "page-faults", "context-switches", "cpu-migrations",
    "minor-faults", "major-faults", "alignment-faults", "emulation-faults", "dummy", "bpf-output",
    "cgroup-switches",
  ]
}

extension RawSpan {
  /// 16 bits in the byte order of the recording machine.
  @inline(__always)
  func word16(_ at: Int, _ swapped: Bool) -> UInt16 { swapped ? u16(at).byteSwapped : u16(at) }

  /// 32 bits in the byte order of the recording machine.
  @inline(__always)
  func word32(_ at: Int, _ swapped: Bool) -> UInt32 { swapped ? u32(at).byteSwapped : u32(at) }

  /// 64 bits in the byte order of the recording machine.
  @inline(__always)
  func word64(_ at: Int, _ swapped: Bool) -> UInt64 { swapped ? u64(at).byteSwapped : u64(at) }
}
