import ArgumentParser
import LedgerBatch
import LedgerInput
import LedgerReport

/// How a batch tells its progress.
enum ProgressForm: String, CaseIterable, ExpressibleByArgument {
  /// A line on a terminal, else nothing.
  case auto
  /// A line of JSON a second.
  case json
  case none
}

/// Tells on standard error how far a batch is, how fast, and how long it will take.
struct BatchMeter {
  private let form: ProgressForm
  private let start = ContinuousClock.now
  private var next = ContinuousClock.now
  private var isDrawn = false

  init(_ form: ProgressForm) {
    self.form = form == .auto && !ByteSink.standardError.isTerminal ? .none : form
  }

  mutating func show(_ progress: BatchProgress) {
    guard form != .none else { return }
    let now = ContinuousClock.now
    guard now >= next || form == .json && progress.done == progress.all else { return }
    next = now + (form == .json ? .seconds(1) : .milliseconds(200))
    let seconds = Self.seconds(now - start)
    write(
      form == .json ? Self.line(progress, seconds) : "\r\u{1b}[K" + Self.words(progress, seconds))
    isDrawn = form == .auto
  }

  /// Removes the line from the terminal.
  mutating func end() {
    if isDrawn { write("\r\u{1b}[K") }
    isDrawn = false
  }

  private func write(_ text: String) { try? ByteSink.standardError.write(Array(text.utf8)) }

  private static func seconds(_ time: Duration) -> Double {
    Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  }

  private static func rate(_ progress: BatchProgress, _ seconds: Double) -> UInt64 {
    UInt64(Double(progress.done - progress.before) / max(seconds, 0.001))
  }

  /// By bytes where inputs have some: a large capture takes longer than a small one.
  private static func left(_ progress: BatchProgress, _ seconds: Double) -> UInt64? {
    let done =
      Double(progress.doneBytes &- progress.beforeBytes) + Double(progress.done - progress.before)
    let rest =
      Double(progress.allBytes &- progress.doneBytes) + Double(progress.all - progress.done)
    guard done > 0, seconds > 0.5 else { return nil }
    return UInt64(min(1e9, max(0, seconds * rest / done)))
  }

  private static func words(_ progress: BatchProgress, _ seconds: Double) -> String {
    var words =
      "\(NumberText.grouped(UInt64(progress.done)))/\(NumberText.grouped(UInt64(progress.all))) inputs"
    words += ", \(NumberText.grouped(rate(progress, seconds)))/s"
    if let left = left(progress, seconds) {
      let rest = left % 60
      words += ", \(left / 60):\(rest < 10 ? "0" : "")\(rest) left"
    }
    return words + (progress.failures > 0 ? ", \(progress.failures) failed" : "")
  }

  private static func line(_ progress: BatchProgress, _ seconds: Double) -> String {
    let left = left(progress, seconds).map(String.init) ?? "null"
    return "{\"done\":\(progress.done),\"all\":\(progress.all),\"before\":\(progress.before),"
      + "\"failures\":\(progress.failures),\"perSecond\":\(rate(progress, seconds)),"
      + "\"secondsLeft\":\(left)}\n"
  }
}
