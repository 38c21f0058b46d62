import LedgerCore
import LedgerInput

/// Zeros inside a text: blocks of a file that a crash kept from the disk, or a hole of a sparse one.
enum ZeroRun {
  /// Fewer stand in the noise of a serial line, and in what a driver prints of a fixed field.
  private static let least = 16

  /// The first run of zeros of a line that is no noise, however long the run is.
  @inline(__always)
  static func first(_ bytes: RawSpan, from start: Int, to end: Int) -> Range<Int>? {
    guard let zero = bytes.firstOffset(of: 0, from: start, to: end) else { return nil }
    return run(bytes, zero, end)
  }

  @inline(never)
  private static func run(_ bytes: RawSpan, _ first: Int, _ end: Int) -> Range<Int>? {
    var start = first
    while start < end {
      var stop = start
      while stop < end, bytes.u8(stop) == 0 { stop &+= 1 }
      if stop &- start >= least { return start..<stop }
      guard let next = bytes.firstOffset(of: 0, from: stop, to: end) else { return nil }
      start = next
    }
    return nil
  }
}

extension TextParser {
  /// True for a line in which zeros stand for text: what it said and what followed is lost.
  @inline(__always)
  mutating func isTornByZeros(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    guard let run = ZeroRun.first(bytes, from: start, to: end) else { return false }
    lose(run, from: start)
    return true
  }

  @inline(never)
  private mutating func lose(_ run: Range<Int>, from start: Int) {
    let isLog = dialect == .console && !console.isInDump && info.eventsRead == 0
    losses.add(
      isLog ? .malformedLine : .truncated,
      detail: "line \(lines), byte \(run.lowerBound &- start): zeros instead of text")
    if !isLog { cpus.loseAnywhere() }
  }
}
