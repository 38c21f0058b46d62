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
  private static let capacity = 4096

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
      } else {
        try advance()
      }
    }
    account.update(decoder.state)
    return chunk.count > 0
  }

  /// Reads on where the records are the oldest.
  private mutating func advance() throws(CaptureError) {
    var oldest = 0
    for place in feeds.indices where feeds[place].time < feeds[oldest].time { oldest = place }
    if try feeds[oldest].feed.advance(&decoder) {
      feeds[oldest].time = max(feeds[oldest].time, decoder.latest)
      return
    }
    feeds.remove(at: oldest)
    if feeds.isEmpty { decoder.finish() }
  }
}
