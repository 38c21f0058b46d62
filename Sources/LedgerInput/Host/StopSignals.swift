internal import Glibc
internal import Synchronization

private let stopSignal = Atomic<Int32>(0)
private let dumpRequests = Atomic<Int32>(0)

/// Signals to a recorder: it must tidy up before it goes.
public enum StopSignals {
  /// The last of SIGINT, SIGTERM and SIGHUP that came, 0 for none.
  public static var last: Int32 { stopSignal.load(ordering: .relaxed) }

  /// Takes the wishes for a dump (SIGUSR1) since the last call.
  public static func takeDumpRequests() -> Int32 {
    dumpRequests.exchange(0, ordering: .relaxed)
  }

  /// Begins to watch; none of them ends the process any more.
  public static func watch() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { stopSignal.store($0, ordering: .relaxed) }
    }
    signal(SIGUSR1) { _ in dumpRequests.add(1, ordering: .relaxed) }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits, until a signal comes at the latest.
  public static func pause(milliseconds: UInt32) { _ = usleep(milliseconds &* 1000) }
}
