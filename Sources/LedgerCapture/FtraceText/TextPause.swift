import LedgerInput

/// Notices when a pipe has nothing to say, so that what it said goes on its way.
struct TextPause {
  /// Milliseconds without a line that are a pause.
  private static let patience = 150
  /// A pipe that drips is taken for one that pauses after this time.
  private static let limit = Duration.milliseconds(700)

  /// The text comes from a pipe.
  let isLive: Bool
  private var last = ContinuousClock.now
  /// The pause was told, and nothing has come since.
  private(set) var isTold = false
  /// Lines still come, one by one.
  private(set) var isDrip = false

  /// Files never pause.
  init(isLive: Bool) { self.isLive = isLive }

  /// True once in each pause; waits for it.
  mutating func isDue(_ blocks: TextBlocks) -> Bool {
    guard isLive, !isTold, !blocks.isReady else { return false }
    isDrip = blocks.isReady(within: Self.patience)
    if isDrip, ContinuousClock.now - last < Self.limit { return false }
    last = ContinuousClock.now
    isTold = true
    return true
  }

  /// Something has come.
  mutating func end() { isTold = false }
}
