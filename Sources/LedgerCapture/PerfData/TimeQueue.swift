import LedgerCore

/// Puts the records of all CPUs in the order of their times (tools/perf/util/ordered-events.c, 6.1).
///
/// The recorder empties the CPUs' buffers in rounds. When a round has ended, nothing should come any more that is older
/// than the newest record of the round before it; real recorders leave a CPU out of several rounds, so `patience` more
/// are waited for. At most `room` events wait: when more would, the older half goes on. What comes too late is
/// delivered late and counted.
struct TimeQueue {
  private var waiting: [Event] = []
  private var ready: [Event] = []
  private var taken = 0
  private var details: [UInt32: EventDetail] = [:]
  /// Call chains of events that wait, by the number of their entry.
  private var chains: [UInt32: UInt32] = [:]
  private var entered: UInt32 = 0
  private var delivered: UInt32 = 0
  private var newest: UInt64 = 0
  /// The newest times when the last rounds had ended, the oldest first.
  private var boundaries: [UInt64] = []
  private var latest: UInt64?
  private let room: Int
  private static let patience = 8
  private let isDetailed: Bool
  /// False when the records carry no times: they stay in the order of the file.
  var isOrdered = true
  /// Events that came too late, by CPU.
  private(set) var losses = LossLedger()

  init(isDetailed: Bool) {
    self.isDetailed = isDetailed
    room = isDetailed ? 1 << 17 : 1 << 20
  }

  /// Events that can be taken.
  var readyCount: Int { ready.count &- taken }

  /// Enters an event; within a CPU and a time the order of entry stays.
  @inline(__always)
  mutating func enter(_ event: Event, _ detail: @autoclosure () -> EventDetail) {
    var event = event
    event.ordinal = entered
    if isDetailed { details[entered] = detail() }
    entered &+= 1
    newest = max(newest, event.time)
    waiting.append(event)
    if waiting.count >= room { pass(upTo: nil) }
  }

  /// The event that is entered next has this call chain.
  mutating func enterChain(_ number: UInt32) { if number != 0 { chains[entered] = number } }

  /// All buffers were emptied once more.
  mutating func endRound() {
    boundaries.append(newest)
    guard boundaries.count > Self.patience + 1 else { return }
    pass(upTo: boundaries.removeFirst())
  }

  /// Nothing follows.
  mutating func finish() { pass(upTo: .max) }

  /// Moves on what is not newer than `limit`, or the older half.
  private mutating func pass(upTo limit: UInt64?) {
    guard !waiting.isEmpty, limit != 0 else { return }
    if isOrdered { waiting.sort(by: Self.precedes) }
    var end = waiting.count / 2
    if let limit {
      end = isOrdered ? waiting.partitioningIndex(after: limit) : waiting.count
    }
    ready.append(contentsOf: waiting[..<end])
    waiting.removeFirst(end)
  }

  private static func precedes(_ a: Event, _ b: Event) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.cpu != b.cpu { return a.cpu < b.cpu }
    return Int32(bitPattern: a.ordinal &- b.ordinal) < 0
  }

  /// Moves what is ready to a batch, as much as it has room for.
  mutating func give(_ batch: inout EventBatch) {
    let end = min(ready.count, taken + EventBatch.capacity - batch.events.count)
    if latest == nil {
      latest = ready[taken..<end].first { !$0.kind.isGap }?.time
    }
    for index in taken..<end {
      var event = ready[index]
      if isDetailed {
        batch.details.append(details.removeValue(forKey: event.ordinal) ?? EventDetail(name: ""))
      }
      let chain = chains.isEmpty ? nil : chains.removeValue(forKey: event.ordinal)
      let floor = latest ?? 0
      if event.time < floor && isOrdered {
        // A gap that began in what was given away already begins now.
        if event.kind.isGap { event.time = floor } else { noteLate(event, floor) }
      }
      latest = max(floor, event.time)
      event.ordinal = delivered
      if let chain { batch.stacks.append(StackNote(event, stack: chain)) }
      delivered &+= 1
      batch.events.append(event)
    }
    taken = end
    guard taken == ready.count else { return }
    ready.removeAll(keepingCapacity: true)
    taken = 0
  }

  private mutating func noteLate(_ event: Event, _ floor: UInt64) {
    losses.add(
      .timeBackwards, cpu: Int(event.cpu),
      detail: "a record of time \(event.time) behind those of time \(floor)")
  }
}

extension [Event] {
  /// The first place of a later time than `limit`, in events ordered by time.
  fileprivate func partitioningIndex(after limit: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].time <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
