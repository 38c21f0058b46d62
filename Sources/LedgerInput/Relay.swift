internal import Dispatch
public import LedgerCore
internal import Synchronization

/// What works behind a relay: fills a chunk of one lane at a time, on a thread of its own.
public protocol LaneSource: Sendable {
  /// A chunk without contents, to be filled and reused.
  func makeChunk() -> EventChunk
  /// Refills a used chunk with the next piece of a lane; false when the lane has come to its end.
  mutating func fill(_ chunk: EventChunk, lane: Int) throws(CaptureError) -> Bool
}

/// Hands filled items from a background thread to one reader, at most two ahead in each lane.
///
/// The lane that the reader waits for is filled first. Used items go back to be filled again, so that memory does
/// not grow with the input. An error of the source surfaces in `take`. `stop` ends the thread after its current item.
public final class Relay<Source: LaneSource>: Sendable {
  private struct State: Sendable {
    var ready: [[EventChunk]]
    var ended: [Bool]
    var spare: [EventChunk] = []
    var wanted = 0
    var failure: CaptureError?
    var stopped = false
    var readerWaits = false
    var workerWaits = false
  }

  private enum Task {
    case fill(lane: Int, item: EventChunk?)
    case wait
    case end
  }

  private let ahead: Int
  private let state: Mutex<State>
  private let itemIsReady = DispatchSemaphore(value: 0)
  private let roomIsFree = DispatchSemaphore(value: 0)

  /// Starts to fill `lanes` lanes from `source`.
  public init(_ source: Source, lanes: Int, ahead: Int = 2) {
    self.ahead = ahead
    self.state = Mutex(
      State(
        ready: Array(repeating: [], count: lanes), ended: Array(repeating: false, count: lanes)))
    DispatchQueue(label: "pageledger.relay").async { self.work(source) }
  }

  /// The next item of a lane, nil at its end; waits until it is filled. `used` goes back to the source.
  public func take(lane: Int, returning used: EventChunk?) throws(CaptureError)
    -> EventChunk?
  {
    var used = used
    while true {
      let answer = try look(lane, &used)
      switch answer {
      case .item(let item): return item
      case .end: return nil
      case .wait: itemIsReady.wait()
      }
    }
  }

  /// Ends the background thread; nothing can be taken afterwards.
  public func stop() {
    let wake = state.withLock { state in
      state.stopped = true
      state.spare.removeAll()
      defer { state.workerWaits = false }
      return state.workerWaits
    }
    if wake { roomIsFree.signal() }
  }

  private enum Answer {
    case item(EventChunk)
    case end
    case wait
  }

  private func look(_ lane: Int, _ used: inout EventChunk?) throws(CaptureError) -> Answer {
    let returned = used
    used = nil
    var wake = false
    var failure: CaptureError?
    let answer: Answer = state.withLock { state in
      if let item = returned { state.spare.append(item) }
      state.wanted = lane
      wake = state.workerWaits
      state.workerWaits = false
      if !state.ready[lane].isEmpty { return .item(state.ready[lane].removeFirst()) }
      failure = state.failure
      if failure != nil || state.ended[lane] || state.stopped { return .end }
      state.readerWaits = true
      return .wait
    }
    if wake { roomIsFree.signal() }
    if let failure { throw failure }
    return answer
  }

  private func work(_ origin: Source) {
    var source = origin
    while true {
      switch nextTask() {
      case .end: return
      case .wait: roomIsFree.wait()
      case .fill(let lane, let spare):
        let item = spare ?? source.makeChunk()
        do throws(CaptureError) {
          let filled = try source.fill(item, lane: lane)
          deliver(lane, filled ? item : nil)
        } catch {
          fail(error)
          return
        }
      }
    }
  }

  private func nextTask() -> Task {
    state.withLock { state in
      if state.stopped || !state.ended.contains(false) { return .end }
      guard let lane = Self.hungriest(state, ahead) else {
        state.workerWaits = true
        return .wait
      }
      return .fill(lane: lane, item: state.spare.popLast())
    }
  }

  /// The lane the reader waits for, else the one with the fewest items ready.
  private static func hungriest(_ state: State, _ ahead: Int) -> Int? {
    if state.wanted < state.ready.count, !state.ended[state.wanted],
      state.ready[state.wanted].isEmpty
    {
      return state.wanted
    }
    var best: Int?
    var fewest = ahead
    for lane in state.ready.indices where !state.ended[lane] && state.ready[lane].count < fewest {
      fewest = state.ready[lane].count
      best = lane
    }
    return best
  }

  private func deliver(_ lane: Int, _ item: EventChunk?) {
    let wake = state.withLock { state in
      if let item {
        state.ready[lane].append(item)
      } else {
        state.ended[lane] = true
      }
      defer { state.readerWaits = false }
      return state.readerWaits
    }
    if wake { itemIsReady.signal() }
  }

  private func fail(_ error: CaptureError) {
    let wake = state.withLock { state in
      state.failure = error
      defer { state.readerWaits = false }
      return state.readerWaits
    }
    if wake { itemIsReady.signal() }
  }
}
