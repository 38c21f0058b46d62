package import LedgerCore
package import LedgerInput

/// One CPU's place in the merge.
package struct MergeLane: Sendable {
  package var chunk: EventChunk?
  /// Next event of the chunk.
  package var at = 0
  /// Next message of the chunk.
  var message = 0
  /// Next call chain of the chunk.
  var stack = 0
  /// The last event that was given, when call chains are met.
  var last: Event?
  /// Time of the next event, never lower than that of an earlier one; `UInt64.max` at the end.
  package var key: UInt64 = 0
  /// Nothing follows.
  package var isDone = false

  package init() {}
}

/// Finds the lane whose turn it is: by scanning when there are few, by a loser tree when there are many.
///
/// For equal times the lane with the lower number comes first. Keys are compared as (time, lane).
package struct LaneOrder: Sendable {
  /// What the winner may run up to: the best of the others.
  package struct Turn: Sendable {
    package var lane: Int
    var limit: UInt64
    var rival: Int
  }

  private var tree: [Int] = []
  private var winner = 0
  private let leaves: Int
  private static let scanLimit = 8

  /// An order of `count` lanes.
  package init(count: Int) {
    var leaves = 1
    while leaves < count { leaves *= 2 }
    self.leaves = leaves
  }

  /// Builds the order from all keys.
  package mutating func build(_ lanes: [MergeLane]) {
    guard lanes.count > Self.scanLimit else { return }
    tree = Array(repeating: -1, count: leaves)
    var level = Array(0..<leaves)
    var width = leaves
    while width > 1 {
      var next: [Int] = []
      for pair in 0..<(width / 2) {
        let (a, b) = (level[2 * pair], level[2 * pair + 1])
        let isFirst = Self.precedes(a, b, lanes)
        tree[width / 2 + pair] = isFirst ? b : a
        next.append(isFirst ? a : b)
      }
      level = next
      width /= 2
    }
    winner = level[0]
  }

  /// Restores the order after the key of `lane`, the last winner, has changed.
  package mutating func update(_ lane: Int, _ lanes: [MergeLane]) {
    guard lanes.count > Self.scanLimit else { return }
    var best = lane
    var node = (lane + leaves) / 2
    while node > 0 {
      if Self.precedes(tree[node], best, lanes) { swap(&best, &tree[node]) }
      node /= 2
    }
    winner = best
  }

  /// The lane whose event comes next, and how far it may run.
  package func turn(_ lanes: [MergeLane]) -> Turn {
    lanes.count > Self.scanLimit ? treeTurn(lanes) : scanTurn(lanes)
  }

  private func scanTurn(_ lanes: [MergeLane]) -> Turn {
    var turn = Turn(lane: 0, limit: .max, rival: .max)
    for lane in 1..<max(lanes.count, 1) {
      if lanes[lane].key < lanes[turn.lane].key {
        turn.rival = turn.lane
        turn.limit = lanes[turn.lane].key
        turn.lane = lane
      } else if lanes[lane].key < turn.limit {
        turn.rival = lane
        turn.limit = lanes[lane].key
      }
    }
    return turn
  }

  private func treeTurn(_ lanes: [MergeLane]) -> Turn {
    var turn = Turn(lane: winner, limit: .max, rival: .max)
    var node = (winner + leaves) / 2
    while node > 0 {
      let rival = tree[node]
      if rival < lanes.count,
        (lanes[rival].key, rival) < (turn.limit, turn.rival)
      {
        turn.limit = lanes[rival].key
        turn.rival = rival
      }
      node /= 2
    }
    return turn
  }

  private static func precedes(_ a: Int, _ b: Int, _ lanes: [MergeLane]) -> Bool {
    let keyA = a < lanes.count ? lanes[a].key : .max
    let keyB = b < lanes.count ? lanes[b].key : .max
    return keyA != keyB ? keyA < keyB : a < b
  }
}

extension MergeLane {
  /// Appends events up to the rival's key, the room of the batch or the end of the chunk.
  package mutating func run(
    _ turn: LaneOrder.Turn, into events: inout [Event], details: inout [EventDetail],
    stacks: inout [StackNote], ordinal: inout UInt32
  ) {
    guard let chunk else { return }
    let isFirst = turn.lane < turn.rival
    let start = at
    var at = at
    var key = key
    var source: [Event] = []
    swap(&source, &chunk.events)
    let end = min(chunk.count, at + EventBatch.capacity - events.count)
    while at < end {
      if source[at].time > key { key = min(source[at].time, .max - 1) }
      // The first one is what the lane was chosen for.
      guard at == start || key < turn.limit || (key == turn.limit && isFirst) else { break }
      at += 1
    }
    let filled = events.count
    events.append(contentsOf: source[start..<at])
    for place in filled..<events.count {
      events[place].ordinal = ordinal
      ordinal &+= 1
    }
    if !chunk.details.isEmpty { details.append(contentsOf: chunk.details[start..<at]) }
    if at < chunk.count { key = max(key, min(source[at].time, .max - 1)) }
    swap(&source, &chunk.events)
    if !chunk.stacks.isEmpty || last != nil {
      note(chunk.stacks, upTo: at, events[filled...], from: start, &stacks)
    }
    self.at = at
    self.key = key
  }

  /// Ties call chains to the events that were just given.
  @inline(never)
  private mutating func note(
    _ chains: [(place: Int, stack: UInt32)], upTo end: Int, _ given: ArraySlice<Event>,
    from start: Int, _ stacks: inout [StackNote]
  ) {
    while stack < chains.count, chains[stack].place < end {
      let chain = chains[stack]
      stack += 1
      if chain.place < 0 {
        if let last { stacks.append(StackNote(last, stack: chain.stack)) }
      } else if chain.place >= start {
        stacks.append(
          StackNote(given[given.startIndex + chain.place - start], stack: chain.stack))
      }
    }
    last = given.last ?? last
  }
}
