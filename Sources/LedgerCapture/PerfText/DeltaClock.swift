import LedgerInput

/// The clock of `perf script --deltatime`, whose lines give the time since the line before.
///
/// tools/perf/builtin-script.c:perf_sample__fprintf_start, 6.1. The first line says 0, as that of `--reltime` does, whose
/// times hardly ever run backwards. Differences are cut to microseconds, so that their sum runs a little slow.
struct DeltaClock: Sendable {
  private enum State { case unknown, absolute, differences }

  /// How many lines are looked at ahead, and how many steps between lines settle that times are no differences.
  private static let reach = 64
  private static let patience = 12

  private var state = State.unknown
  private var sum: UInt64 = 0
  private var last: UInt64 = 0
  private var steps = 0
  private var backwards = 0

  /// Times are taken as they stand.
  var isAbsolute: Bool { state == .absolute }

  /// The time of a line that says `time`; `end` is where it ends, `limit` where the text that was read so far does.
  mutating func time(_ time: UInt64, _ bytes: RawSpan, from end: Int, to limit: Int) -> UInt64 {
    if state == .unknown { settle(time, bytes, end, limit) }
    // A step back is printed as the number without sign that it is: the sum wraps too.
    sum &+= time
    return state == .differences ? sum : time
  }

  private mutating func settle(_ time: UInt64, _ bytes: RawSpan, _ end: Int, _ limit: Int) {
    if steps == 0, last == 0, sum == 0, time != 0 { return state = .absolute }
    steps &+= 1
    if time < last { backwards &+= 1 }
    last = time
    var ahead = (steps: steps, backwards: backwards, last: time)
    Self.look(bytes, end, limit, &ahead)
    if ahead.backwards > 0, ahead.backwards &* 8 >= ahead.steps {
      state = .differences
    } else if ahead.steps > Self.patience {
      state = .absolute
    }
  }

  private static func look(
    _ bytes: RawSpan, _ end: Int, _ limit: Int,
    _ seen: inout (steps: Int, backwards: Int, last: UInt64)
  ) {
    var at = end &+ 1
    var lines = 0
    while at < limit, lines < reach {
      guard let newline = bytes.firstOffset(of: 0x0a, from: at, to: limit) else { return }
      let start = at
      at = newline &+ 1
      guard bytes.u8(start) != 0x09, bytes.u8(start) != 0x23,
        let context = PerfContext.parse(bytes, from: start, to: newline)
      else { continue }
      lines &+= 1
      seen.steps &+= 1
      if context.time < seen.last { seen.backwards &+= 1 }
      seen.last = context.time
    }
  }
}
