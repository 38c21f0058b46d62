import LedgerInput

/// Steps from record to record in one sub-buffer and keeps its time.
///
/// kernel/trace/ring_buffer.c:rb_update_event, rb_reset_tail (6.1): a word of type or length and time delta, then the payload.
struct RecordWalk {
  /// Time of the record read last, in ticks of the trace clock.
  private(set) var ticks: UInt64
  /// Behind the record read last.
  private(set) var at: Int
  private let end: Int
  private let bigEndian: Bool
  /// No record contradicted the size of the sub-buffer so far.
  private(set) var isWhole = true

  private static let padding: UInt32 = 29
  private static let timeExtend: UInt32 = 30
  private static let timeStamp: UInt32 = 31

  /// Walks `count` bytes from `start`, which lie within the bytes that `next` is given.
  @inline(__always)
  init(_ bytes: RawSpan, ticks: UInt64, from start: Int, count: Int, bigEndian: Bool) {
    self.ticks = ticks
    self.at = start
    self.end = start &+ count
    self.bigEndian = bigEndian
  }

  /// The offset of the next payload, which ends at `at`; nil at the end, or where the records contradict themselves.
  @inline(__always)
  mutating func next(_ bytes: RawSpan) -> Int? {
    while at < end {
      guard at &+ 4 <= end else { return stop(isWhole: false) }
      let head = load32(bytes, at)
      let type = bigEndian ? head >> 27 : head & 31
      let delta = UInt64(bigEndian ? head & 0x07ff_ffff : head >> 5)
      if type != 0, type < Self.padding {
        ticks &+= delta
        return record(at &+ 4, length: Int(type) &* 4)
      }
      // Less room than the smallest record needs is filled like this.
      if type == Self.padding, delta == 0 { return stop(isWhole: end &- at < 8) }
      guard at &+ 8 <= end else { return stop(isWhole: false) }
      let extra = load32(bytes, at &+ 4)
      switch type {
      case Self.timeExtend:
        ticks &+= UInt64(extra) << 27 &+ delta
        at &+= 8
      case Self.timeStamp:
        ticks = ticks & 0xf800_0000_0000_0000 | (UInt64(extra) << 27 &+ delta)
        at &+= 8
      case Self.padding:
        ticks &+= delta
        at &+= 4 &+ Int(extra)
        guard extra >= 4, at <= end else { return stop(isWhole: false) }
      default:
        ticks &+= delta
        guard extra >= 4 else { return stop(isWhole: false) }
        return record(at &+ 8, length: (Int(extra) &- 4 &+ 3) & ~3)
      }
    }
    return nil
  }

  @inline(__always)
  private mutating func record(_ payload: Int, length: Int) -> Int? {
    guard payload &+ length <= end, length >= 4 else { return stop(isWhole: false) }
    at = payload &+ length
    return payload
  }

  private mutating func stop(isWhole: Bool) -> Int? {
    self.isWhole = isWhole
    at = end
    return nil
  }

  @inline(__always)
  private func load32(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    bigEndian ? bytes.u32(at).byteSwapped : bytes.u32(at)
  }
}
