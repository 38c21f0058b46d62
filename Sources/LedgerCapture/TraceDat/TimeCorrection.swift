/// How raw times become the times that `trace-cmd report` shows (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:timestamp_calc).
struct TimeCorrection: Sendable, Equatable {
  /// Nanoseconds to add after scaling.
  var offset: UInt64 = 0
  /// Cycles to nanoseconds: `ticks * multiplier >> shift`; 0 leaves them as they are.
  var multiplier: UInt32 = 0
  var shift: UInt32 = 0
  /// A guest's clock against its host's, nil in other files.
  var host: HostClock?

  /// Leaves every time as it is.
  var isIdentity: Bool { offset == 0 && multiplier == 0 && host == nil }

  /// The corrected time of a CPU; wraps like the original.
  func apply(_ ticks: UInt64, cpu: UInt16) -> UInt64 {
    let ticks = host?.time(ticks, cpu: Int(cpu)) ?? ticks
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
