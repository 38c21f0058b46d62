import Glibc
import LedgerInput

/// The wish of a user or a system to stop: noted by a signal, honoured between batches.
enum Interruption {
  /// True from the first SIGINT or SIGTERM on.
  static var isRequested: Bool { StopRequest.isMade }

  /// Starts to watch. A second signal ends the process at once. SIGPIPE and SIGXFSZ become errors of write(2).
  static func watch() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // What a handler touches is there before it runs.
    _ = StopRequest.isMade
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        signal(number, SIG_DFL)
        StopRequest.make()
      }
    }
  }
}
