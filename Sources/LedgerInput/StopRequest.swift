internal import Synchronization

private let wasMade = Atomic<Bool>(false)

/// The wish that reading should end: a pipe that waits for its writer gives its end instead.
public enum StopRequest {
  /// True from the first request on.
  public static var isMade: Bool { wasMade.load(ordering: .relaxed) }

  /// Asks; may be called by a signal's handler.
  public static func make() { wasMade.store(true, ordering: .relaxed) }
}
