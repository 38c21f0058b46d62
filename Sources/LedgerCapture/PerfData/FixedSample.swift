import LedgerFormat
import LedgerInput

/// How to read the samples of a tracepoint whose parts always lie at the same places: what `perf record` writes without
/// call chains and counters, on a machine of this byte order.
struct FixedSample: Sendable {
  /// Offset of the size of the tracepoint's record, 0 when samples have to be read the long way.
  private(set) var raw: Int = 0
  /// Id of the tracepoint's format.
  private(set) var type: UInt16 = 0
  /// Place of that format, which is also the row of the table of events.
  private(set) var format: UInt16 = 0
  private var tid: Int8 = 0
  private var time: Int8 = 0
  private var cpu: Int8 = 0

  /// For samples that have to be read the long way.
  init() {}

  /// nil when the parts do not lie at fixed places.
  init?(_ shape: SampleShape, type: UInt16, format: Int) {
    guard let raw = shape.rawPlace, let format = UInt16(exactly: format) else { return nil }
    self.raw = raw
    self.type = type
    self.format = format
    (tid, time, cpu) = shape.places
  }

  @inline(__always)
  func tid(_ bytes: RawSpan, _ body: Int) -> Int32 {
    Int32(bitPattern: bytes.u32(body &+ Int(tid)))
  }

  @inline(__always)
  func time(_ bytes: RawSpan, _ body: Int) -> UInt64 { bytes.u64(body &+ Int(time)) }

  /// With the word behind it, which is 0 (kernel/events/core.c:__perf_event_header__init_id, 5.4 to 7.1).
  @inline(__always)
  func cpu(_ bytes: RawSpan, _ body: Int) -> UInt64 { bytes.u64(body &+ Int(cpu)) }
}
