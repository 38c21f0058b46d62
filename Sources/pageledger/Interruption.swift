import Glibc
import Synchronization

private let wasRequested = Atomic<Bool>(false)

/// The wish of a user or a system to stop: noted by a signal, honoured between batches.
enum Interruption {
  /// True from the first SIGINT or SIGTERM on.
  static var isRequested: Bool { wasRequested.load(ordering: .relaxed) }

  /// Starts to watch. A second signal ends the process at once. SIGPIPE and SIGXFSZ become errors of write(2).
  static func watch() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        signal(number, SIG_DFL)
        wasRequested.store(true, ordering: .relaxed)
      }
    }
  }
}
