import LedgerCore
import LedgerInput

/// The comments that `perf script --header` prints first. tools/perf/util/header.c:perf_header__fprintf_info, 6.1.
enum PerfTextHeader {
  /// `# ========`, which opens and closes the header.
  static func isRule(_ line: borrowing LineCursor) -> Bool { line.starts(with: Word.rule) }

  /// Notes the kernel and the clock.
  static func read(_ line: borrowing LineCursor, into info: inout CaptureInfo) {
    if let release = value(line, Word.release) { info.kernel = release }
    if let clock = value(line, Word.clock) { info.clock = name(ofClock: clock) }
  }

  private static func value(_ line: borrowing LineCursor, _ key: StaticText) -> String? {
    guard line.starts(with: key) else { return nil }
    var cursor = LineCursor(line.bytes, from: line.at &+ key.count, to: line.end)
    cursor.skipSpaces()
    guard cursor.skip(0x3a) else { return nil }
    cursor.skipSpaces()
    let start = cursor.at
    cursor.skipWord()
    return line.bytes.text(from: start, to: min(cursor.at, start &+ 128))
  }

  /// The trace clock of the same name, as tracefs calls it.
  private static func name(ofClock clock: String) -> String {
    switch clock {
    case "CLOCK_MONOTONIC", "monotonic": "mono"
    case "CLOCK_MONOTONIC_RAW", "monotonic_raw": "mono_raw"
    case "CLOCK_BOOTTIME", "boottime": "boot"
    case "CLOCK_TAI", "tai": "tai"
    default: clock
    }
  }

  private enum Word {
    static let rule = StaticText("# ========")
    static let release = StaticText("# os release")
    static let clock = StaticText("# clockid")
  }
}
