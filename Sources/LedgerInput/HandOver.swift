internal import Dispatch
public import LedgerCore
internal import Synchronization

/// A bounded queue of items from one thread that fills them to one that uses them; used items go back to be filled again.
public final class HandOver<Item: Sendable>: Sendable {
  private struct State {
    var ready: [Item] = []
    var free: [Item] = []
    var failure: CaptureError?
    var isCancelled = false
    var hasEnded = false
  }

  private let state = Mutex(State())
  private let room = DispatchSemaphore(value: 0)
  private let filled = DispatchSemaphore(value: 0)
  private let ahead: Int

  /// At most `ahead` items are ready or being filled at a time.
  public init(ahead: Int) {
    self.ahead = ahead
    for _ in 0..<ahead { room.signal() }
  }

  /// Waits until an item may be filled; false when nobody wants one any more.
  public func waitForRoom() -> Bool {
    room.wait()
    return state.withLock { !$0.isCancelled }
  }

  /// A used item, if there is one.
  public func spare() -> Item? { state.withLock { $0.free.popLast() } }

  /// True if `take` would not wait.
  public var isReady: Bool { state.withLock { !$0.ready.isEmpty || $0.hasEnded } }

  /// True if an item, or the end, comes within `milliseconds`.
  public func isReady(within milliseconds: Int) -> Bool {
    guard filled.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
      return false
    }
    filled.signal()
    return true
  }

  /// Hands an item over.
  public func put(_ item: Item) {
    state.withLock { $0.ready.append(item) }
    filled.signal()
  }

  /// Ends the stream: what is ready is still delivered, then `failure` if there was one.
  public func finish(_ failure: CaptureError?) {
    state.withLock {
      $0.failure = failure
      $0.hasEnded = true
    }
    filled.signal()
  }

  /// Nothing more is wanted: the next `waitForRoom` says so.
  public func cancel() {
    state.withLock { $0.isCancelled = true }
    room.signal()
  }

  /// Waits for an item; nil at the end, and again at each later call. `used` goes back to the other thread.
  public func take(returning used: Item?) throws(CaptureError) -> Item? {
    filled.wait()
    let (next, failure) = state.withLock { state in
      if let used, state.free.count < ahead { state.free.append(used) }
      return (state.ready.isEmpty ? nil : state.ready.removeFirst(), state.failure)
    }
    guard let next else {
      filled.signal()
      if let failure { throw failure }
      return nil
    }
    room.signal()
    return next
  }
}
