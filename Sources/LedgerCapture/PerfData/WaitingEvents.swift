import LedgerCore

/// Events that wait for their turn: a lane for each CPU, whose events come nearly in order.
struct WaitingEvents {
  private struct Lane {
    let cpu: UInt16
    var events: [Event] = []
    /// Those before it were given away.
    var head = 0
    var isSorted = true

    /// Time of the event that came last.
    private var newest: UInt64 = 0

    init(cpu: UInt16) { self.cpu = cpu }

    /// Takes events that are in order.
    mutating func replace(_ sorted: [Event]) {
      events = sorted
      newest = sorted.last?.time ?? 0
      isSorted = true
    }

    @inline(__always)
    mutating func append(_ event: Event) {
      if event.time < newest { isSorted = false }
      newest = event.time
      events.append(event)
    }

    var first: UInt64 { head < events.count ? events[head].time : .max }
  }

  /// In the order of their CPUs.
  private var lanes: [Lane] = []
  /// Place in `lanes` by CPU, -1 without one.
  private var laneOfCPU: [Int] = []
  private let isOrdered: Bool
  private(set) var count = 0
  /// With more lanes, sorting costs less than looking for the next one.
  private static let mergeLimit = 32

  /// Without an order everything stays as it is entered.
  init(isOrdered: Bool) { self.isOrdered = isOrdered }

  @inline(__always)
  mutating func append(_ event: Event) {
    let cpu = isOrdered ? Int(event.cpu) : 0
    let place = cpu < laneOfCPU.count && laneOfCPU[cpu] >= 0 ? laneOfCPU[cpu] : addLane(cpu)
    lanes[place].append(event)
    count &+= 1
  }

  private mutating func addLane(_ cpu: Int) -> Int {
    if cpu >= laneOfCPU.count {
      laneOfCPU.append(contentsOf: repeatElement(-1, count: cpu + 1 - laneOfCPU.count))
    }
    let place = lanes.firstIndex { $0.cpu > cpu } ?? lanes.count
    lanes.insert(Lane(cpu: UInt16(truncatingIfNeeded: cpu)), at: place)
    for (index, lane) in lanes.enumerated() { laneOfCPU[Int(lane.cpu)] = index }
    return place
  }

  /// Puts what waits in order, so that events can be given; what is appended later may need it again.
  mutating func prepare() {
    guard isOrdered else { return }
    for place in lanes.indices where !lanes[place].isSorted { sort(place) }
    if lanes.count > Self.mergeLimit { gather() }
  }

  /// True if an event that is not newer than `limit` waits.
  func holds(upTo limit: UInt64) -> Bool {
    lanes.contains { $0.head < $0.events.count && (!isOrdered || $0.first <= limit) }
  }

  /// Writes the oldest events that are not newer than `limit` to `events` from `place` on, `most` at most; returns how many.
  mutating func give(upTo limit: UInt64, atMost most: Int, to events: inout [Event], at place: Int)
    -> Int
  {
    var given = 0
    let room = min(most, events.count - place)
    while given < room, let turn = turn(limit) {
      given &+= move(turn, limit, room &- given, to: &events, at: place &+ given)
    }
    count &-= given
    for place in lanes.indices { tidy(place) }
    return given
  }

  /// The lane that is next, with the time up to which it may run.
  private func turn(_ limit: UInt64) -> (lane: Int, until: UInt64)? {
    var best = -1
    var time = UInt64.max
    var rival = UInt64.max
    for place in lanes.indices where lanes[place].head < lanes[place].events.count {
      let first = lanes[place].first
      if best < 0 || first < time {
        if best >= 0 { rival = min(rival, time) }
        best = place
        time = first
      } else {
        rival = min(rival, first)
      }
    }
    guard best >= 0, !isOrdered || time <= limit else { return nil }
    return (best, rival)
  }

  private mutating func move(
    _ turn: (lane: Int, until: UInt64), _ limit: UInt64, _ most: Int, to events: inout [Event],
    at place: Int
  ) -> Int {
    var waiting: [Event] = []
    swap(&waiting, &lanes[turn.lane].events)
    let start = lanes[turn.lane].head
    let end = start &+ min(waiting.count &- start, most)
    var at = start
    repeat {
      events[place &+ at &- start] = waiting[at]
      at &+= 1
    } while at < end
      && (!isOrdered || waiting[at].time < turn.until && waiting[at].time <= limit)
    swap(&waiting, &lanes[turn.lane].events)
    lanes[turn.lane].head = at
    return at &- start
  }

  private mutating func sort(_ place: Int) {
    tidy(place, always: true)
    var events: [Event] = []
    swap(&events, &lanes[place].events)
    events.sort(by: Self.precedes)
    lanes[place].replace(events)
  }

  /// Puts all lanes into the first one.
  private mutating func gather() {
    guard lanes.dropFirst().contains(where: { !$0.events.isEmpty }) else { return }
    for place in lanes.indices { tidy(place, always: true) }
    var all = lanes.flatMap(\.events)
    all.sort(by: Self.precedes)
    for place in lanes.indices.dropFirst() { lanes[place].events = [] }
    lanes[0].replace(all)
  }

  private mutating func tidy(_ place: Int, always: Bool = false) {
    let head = lanes[place].head
    if head == lanes[place].events.count {
      lanes[place].events.removeAll(keepingCapacity: true)
      lanes[place].head = 0
      return
    }
    guard head > 0, always || head * 2 >= lanes[place].events.count else { return }
    lanes[place].events.removeFirst(head)
    lanes[place].head = 0
  }

  private static func precedes(_ a: Event, _ b: Event) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.cpu != b.cpu { return a.cpu < b.cpu }
    return Int32(bitPattern: a.ordinal &- b.ordinal) < 0
  }
}
