import LedgerCore
import LedgerInput
import Synchronization

/// What the background thread has found out so far, for whoever asks.
final class PerfAccount: Sendable {
  private let state: Mutex<State>

  struct State: Sendable {
    var info: CaptureInfo
    var losses: LossLedger
    var clues: KernelClues
  }

  init(_ state: State) { self.state = Mutex(state) }

  var current: State { state.withLock { $0 } }

  func update(_ new: State) { state.withLock { $0 = new } }
}

/// Reads and decodes the records, on the relay's thread; one lane, as the records come mixed.
struct PerfSource: LaneSource {
  private var decoder: PerfDecoder
  /// Those that have more, and the time that each has come to.
  private var feeds: [(feed: RecordFeed, time: UInt64)]
  private let account: PerfAccount
  /// The input has paused, and what is certain was given.
  private var isPaused = false
  private static let capacity = 4096
  /// Milliseconds without a byte after which a recorder has nothing more to say for now.
  private static let pause: Int32 = 200

  init(_ decoder: PerfDecoder, _ feeds: [RecordFeed], _ account: PerfAccount) {
    self.decoder = decoder
    self.feeds = feeds.map { ($0, 0) }
    self.account = account
    self.decoder.queue.endsRounds = feeds.count == 1
  }

  func makeChunk() -> EventChunk { EventChunk(capacity: Self.capacity, formats: 0) }

  mutating func fill(_ chunk: EventChunk, lane: Int) throws(CaptureError) -> Bool {
    chunk.clear()
    while chunk.count < Self.capacity {
      if decoder.queue.isReady {
        decoder.give(chunk)
      } else if feeds.isEmpty {
        decoder.queue.settle()
        break
      } else if try !advance(hasEvents: chunk.count > 0) {
        break
      }
    }
    account.update(decoder.state)
    return chunk.count > 0
  }

  /// Reads on where the records are the oldest; false when events should not wait for more.
  private mutating func advance(hasEvents: Bool) throws(CaptureError) -> Bool {
    var oldest = 0
    for place in feeds.indices where feeds[place].time < feeds[oldest].time { oldest = place }
    let waiting: Int32 = hasEvents ? 0 : isPaused ? -1 : Self.pause
    switch try feeds[oldest].feed.advance(&decoder, waiting: waiting) {
    case .more:
      isPaused = false
      feeds[oldest].time = max(feeds[oldest].time, decoder.latest)
    case .pause:
      guard !hasEvents else { return false }
      isPaused = true
      decoder.queue.pause()
    case .end:
      feeds.remove(at: oldest)
      if feeds.isEmpty { decoder.finish() }
    }
    return true
  }
}
