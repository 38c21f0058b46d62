import LedgerCore

/// Events that wait for their turn: a lane for each CPU, whose events come nearly in order.
struct WaitingEvents {
  private struct Lane {
    let cpu: UInt16
    var events: [Event] = []
    /// Those before it were given away.
    var head = 0
    var isSorted = true

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
    if let last = lanes[place].events.last, last.time > event.time { lanes[place].isSorted = false }
    lanes[place].events.append(event)
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

  /// Moves events that are not newer than `limit` to the end of `ready`, the oldest first.
  mutating func give(upTo limit: UInt64, atMost: Int, to ready: inout [Event]) {
    let before = ready.count
    if isOrdered {
      for place in lanes.indices where !lanes[place].isSorted { sort(place) }
      if lanes.count > Self.mergeLimit { gather() }
    }
    while let turn = turn(limit), ready.count &- before < atMost {
      move(turn, limit, atMost &- (ready.count &- before), to: &ready)
    }
    count &-= ready.count &- before
    for place in lanes.indices { tidy(place) }
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
    _ turn: (lane: Int, until: UInt64), _ limit: UInt64, _ most: Int, to ready: inout [Event]
  ) {
    let start = lanes[turn.lane].head
    let end = min(lanes[turn.lane].events.count, most < .max - start ? start &+ most : .max)
    var at = start
    if isOrdered {
      repeat { at &+= 1 } while at < end && lanes[turn.lane].events[at].time < turn.until
        && lanes[turn.lane].events[at].time <= limit
    } else {
      at = end
    }
    ready.append(contentsOf: lanes[turn.lane].events[start..<at])
    lanes[turn.lane].head = at
  }

  private mutating func sort(_ place: Int) {
    tidy(place, always: true)
    lanes[place].events.sort(by: Self.precedes)
    lanes[place].isSorted = true
  }

  /// Puts all lanes into the first one.
  private mutating func gather() {
    for place in lanes.indices { tidy(place, always: true) }
    var all = lanes.flatMap(\.events)
    all.sort(by: Self.precedes)
    for place in lanes.indices.dropFirst() { lanes[place].events = [] }
    lanes[0].events = all
    // The next events of its own CPU belong between those of the others.
    lanes[0].isSorted = false
  }

  private mutating func tidy(_ place: Int, always: Bool = false) {
    let head = lanes[place].head
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
