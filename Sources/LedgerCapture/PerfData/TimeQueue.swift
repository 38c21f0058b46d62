import LedgerCore
import LedgerInput

/// Puts the records of all CPUs in the order of their times (tools/perf/util/ordered-events.c, 6.1).
///
/// The recorder empties the CPUs' buffers in rounds. When a round has ended, nothing should come any more that is older
/// than the newest record of the round before it; real recorders leave a CPU out of several rounds, so `patience` more
/// are waited for, unless a live recorder pauses. At most `room` events wait: when more would, the older half goes
/// on. What comes too late is delivered late and counted.
struct TimeQueue {
  private var waiting: WaitingEvents
  /// What may go on: events up to a time, so many at most.
  private var pass: (limit: UInt64, most: Int) = (0, 0)
  private var details: [UInt32: EventDetail] = [:]
  /// Call chains of events that wait, by the number of their entry.
  private var chains: [UInt32: UInt32] = [:]
  /// What tasks are called at the time of the events given last.
  private(set) var names: TimedNames
  private var entered: UInt32 = 0
  private var delivered: UInt32 = 0
  private var newest: UInt64 = 0
  /// The newest times when the last rounds had ended, the oldest first.
  private var boundaries: [UInt64] = []
  private var latest: UInt64?
  private let room: Int
  private static let patience = 8
  /// Without rounds, in a pause, what is so many nanoseconds older than the newest record is taken for complete.
  private static let lag: UInt64 = 1_000_000_000
  private var hasRounds = false
  private let isDetailed: Bool
  /// The records carry times; without them they stay in the order of the file.
  private let isOrdered: Bool
  /// False when several streams end their rounds on their own.
  var endsRounds = true
  /// Events that came too late, by CPU.
  private(set) var losses = LossLedger()

  init(isDetailed: Bool, isOrdered: Bool, names: TaskNames) {
    self.isDetailed = isDetailed
    self.isOrdered = isOrdered
    self.names = TimedNames(names)
    waiting = WaitingEvents(isOrdered: isOrdered)
    room = isDetailed ? 1 << 17 : 1 << 20
  }

  /// Events can be taken.
  var isReady: Bool { pass.most > 0 }

  /// Enters an event; within a CPU and a time the order of entry stays.
  @inline(__always)
  mutating func enter(_ event: Event, _ detail: @autoclosure () -> EventDetail) {
    var event = event
    event.ordinal = entered
    if isDetailed { details[entered] = detail() }
    entered &+= 1
    newest = max(newest, event.time)
    waiting.append(event)
    if waiting.count >= room { open(upTo: .max, atMost: waiting.count / 2) }
  }

  private mutating func open(upTo limit: UInt64, atMost most: Int) {
    guard !isReady, !isOrdered || waiting.holds(upTo: limit) else { return }
    waiting.prepare()
    pass = (limit, min(most, waiting.count))
  }

  /// Enters a change of a task's name; without a time it counts at once.
  mutating func rename(_ change: TaskNames.Change, at time: UInt64) {
    names.enter(change, at: isOrdered ? time : 0)
  }

  /// The event that is entered next has this call chain.
  mutating func enterChain(_ number: UInt32) { if number != 0 { chains[entered] = number } }

  /// All buffers were emptied once more.
  mutating func endRound() {
    guard endsRounds else { return }
    hasRounds = true
    boundaries.append(newest)
    guard boundaries.count > Self.patience + 1 else { return }
    let limit = boundaries.removeFirst()
    if limit > 0 { open(upTo: limit, atMost: .max) }
  }

  /// Nothing comes for now: what perf itself takes for certain goes on.
  mutating func pause() {
    guard isOrdered else { return open(upTo: .max, atMost: .max) }
    if boundaries.count > 1 {
      let limit = boundaries[boundaries.count - 2]
      boundaries.removeFirst(boundaries.count - 1)
      open(upTo: limit, atMost: .max)
    } else if !hasRounds, newest > Self.lag {
      open(upTo: newest &- Self.lag, atMost: .max)
    }
  }

  /// Nothing follows.
  mutating func finish() {
    pass.most = 0
    open(upTo: .max, atMost: .max)
  }

  /// Moves what is ready to a chunk, as much as it has room for.
  mutating func give(_ chunk: EventChunk) {
    let start = chunk.count
    var events: [Event] = []
    swap(&events, &chunk.events)
    let count = waiting.give(upTo: pass.limit, atMost: pass.most, to: &events, at: start)
    pass.most = count > 0 && waiting.holds(upTo: pass.limit) ? pass.most &- count : 0
    let end = start &+ count
    if latest == nil { latest = events[start..<end].first { !$0.kind.isGap }?.time }
    var floor = latest ?? 0
    for place in start..<end {
      let time = events[place].time
      let entry = events[place].ordinal
      if time >= names.next { names.advance(to: time) }
      if isDetailed { chunk.details.append(takeDetail(of: events[place])) }
      if time < floor, isOrdered {
        // A gap that began in what was given away already begins now.
        if events[place].kind.isGap {
          events[place].time = floor
        } else {
          noteLate(events[place], floor)
        }
      }
      floor = max(floor, events[place].time)
      events[place].ordinal = delivered
      if !chains.isEmpty, let chain = chains.removeValue(forKey: entry) {
        chunk.stacks.append((place, chain))
      }
      delivered &+= 1
    }
    if end > start { latest = floor }
    swap(&events, &chunk.events)
    chunk.count = end
  }

  /// Nothing more is taken: settles the names.
  mutating func settle() { names.advance(to: .max) }

  private mutating func takeDetail(of event: Event) -> EventDetail {
    var detail = details.removeValue(forKey: event.ordinal) ?? EventDetail(name: "")
    if !event.kind.isGap { detail.comm = names.current.name(of: event.pid) }
    return detail
  }

  private mutating func noteLate(_ event: Event, _ floor: UInt64) {
    losses.add(
      .timeBackwards, cpu: Int(event.cpu),
      detail: "a record of time \(event.time) behind those of time \(floor)")
  }
}
