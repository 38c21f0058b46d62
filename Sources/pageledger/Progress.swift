import LedgerInput
import LedgerReport

/// A line on the terminal that says how far a run is; silent when standard error is no terminal.
struct Progress {
  private static let interval = Duration.milliseconds(100)
  /// Batches between two looks at the clock.
  private static let stride = 64
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private var batches = 0
  private var isDrawn = false

  init(quiet: Bool) { isShown = !quiet && ByteSink.standardError.isTerminal }

  /// Notes a batch; draws at most ten times a second.
  mutating func step(events: @autoclosure () -> UInt64) {
    guard isShown else { return }
    batches += 1
    guard batches % Self.stride == 0 else { return }
    let now = ContinuousClock.now
    guard now - last >= Self.interval else { return }
    last = now
    draw(events(), after: now - start)
  }

  /// Removes the line.
  mutating func erase() {
    guard isDrawn else { return }
    isDrawn = false
    try? ByteSink.standardError.write(Array("\r\u{1b}[K".utf8))
  }

  private mutating func draw(_ events: UInt64, after time: Duration) {
    isDrawn = true
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = UInt64(max(0, min(1e12, Double(events) / max(seconds, 0.001))))
    let text =
      "\r\u{1b}[K\(NumberText.grouped(events)) events, \(NumberText.grouped(rate)) events/s"
    try? ByteSink.standardError.write(Array(text.utf8))
  }
}
