import LedgerCore

/// What must come out of a mutated stream.
enum Expectation {
  /// One rule of each group speaks on the page, with this verdict or a stronger one; nobody accuses pages beyond `within`.
  case found([[String]], page: UInt64, within: [ClosedRange<UInt64>], atLeast: Verdict = .likely)
  /// A rule speaks on the page and nothing is proven, as one damaged record would look the same; nobody accuses pages beyond `within`.
  case unproven(String, page: UInt64, within: [ClosedRange<UInt64>])
  /// No accusation.
  case silent
  /// The loss is admitted, and nothing is proven.
  case admitted
  /// What was done is no defect of a kernel's: nothing has to be said, and nothing about other pages.
  case bounded([ClosedRange<UInt64>])
}

/// A stream under the knife.
struct Draft {
  let stream: LegalStream
  var events: [Event]
  var losses = LossLedger()
  var chance: Chance
  private let lives: [Life]
  /// A task that the stream does not know.
  static let stranger: Int32 = 900_001

  init(_ stream: LegalStream, _ lives: [Life], _ chance: Chance) {
    self.stream = stream
    self.lives = lives
    self.chance = chance
    events = stream.events
  }

  /// A random life that fits and that nobody holds but by references.
  mutating func life(held: Bool = false, where fits: (Life) -> Bool = { _ in true }) -> Life? {
    chance.pick(lives.filter { $0.isHeld == held && fits($0) })
  }

  mutating func anyLife(where fits: (Life) -> Bool) -> Life? { chance.pick(lives.filter(fits)) }

  /// True if a page is born between two indices and used there on another CPU: nobody gets so far in an instant.
  func livesWithin(_ range: Range<Int>) -> Bool {
    range.contains { place in
      let birth = events[place]
      guard birth.kind == .pageAlloc || (birth.kind == .pageRefSet && birth.value == 1),
        birth.pfn != Event.noFrame
      else { return false }
      let size: UInt64 = birth.kind == .pageAlloc ? 1 << UInt64(birth.order) : 1
      let frames = birth.pfn..<birth.pfn + size
      return range.contains { events[$0].cpu != birth.cpu && frames.contains(events[$0].pfn) }
    }
  }

  /// True if no event behind the life names its pages: what a defect leaves behind meets nothing.
  func isLast(_ life: Life) -> Bool { !touches(life.frames, from: life.free + 1) }

  func touches(_ frames: ClosedRange<UInt64>, from start: Int) -> Bool {
    events[start...].contains { event in
      guard event.pfn != Event.noFrame, event.pfn <= frames.upperBound else { return false }
      let isBlock = event.kind == .pageAlloc || event.kind == .pageFree
      return event.pfn + (isBlock ? 1 << UInt64(event.order) : 1) > frames.lowerBound
    }
  }

  /// A random place right before an event with a time of its own, in a range of indices: there is room in front of it.
  mutating func room(_ range: ClosedRange<Int>) -> Int? {
    chance.pick(range.filter { $0 > 0 && $0 < events.count && hasRoom($0) })
  }

  /// The first such place behind an event.
  func room(after index: Int) -> Int? { (index + 1..<events.count).first(where: hasRoom) }

  private func hasRoom(_ index: Int) -> Bool { events[index].time > events[index - 1].time }

  /// Puts events in front of a place that has room, at times of their own.
  mutating func insert(_ new: [Event], at index: Int) {
    var new = new
    for number in new.indices { new[number].time = events[index - 1].time + UInt64(number + 1) }
    events.insert(contentsOf: new, at: index)
  }

  /// Puts events in front of a place that has room, all at one time.
  mutating func insertTied(_ new: [Event], at index: Int) {
    let time = events[index - 1].time + 1
    events.insert(
      contentsOf: new.map { event in
        var event = event
        event.time = time
        return event
      }, at: index)
  }

  /// From a reference on, the page's counts differ by so much.
  mutating func shift(_ life: Life, from index: Int, by delta: Int32) {
    for place in life.references where place >= index {
      events[place].count += delta
      guard events[place].kind == .pageRefModAndTest else { continue }
      events[place].result = events[place].count == 0 ? 1 : 0
    }
  }

  /// The head's count right before a place.
  func count(_ life: Life, before index: Int) -> Int32 {
    life.references.last { $0 < index }.map { stream.events[$0].count } ?? 1
  }

  /// A place between the events of a life, from its allocation to its last put.
  mutating func roomInside(_ life: Life) -> Int? {
    room(life.alloc + 1...max(life.lastPut, life.alloc + 1))
  }

  /// An event of a stranger, on the CPU where it happens.
  func event(
    _ kind: EventKind, near index: Int, pid: Int32 = Draft.stranger,
    _ fill: (inout Event) -> Void = { _ in }
  ) -> Event {
    var event = Event()
    event.kind = kind
    event.pid = pid
    event.cpu = events[max(0, index - 1)].cpu
    fill(&event)
    return event
  }

  /// A stranger's call that maps a page by pfn, in a process of its own.
  func insertion(of pfn: UInt64, near index: Int) -> Event {
    event(.insertPfn, near: index) {
      $0.pfn = pfn
      $0.word = 0x7e00_0000_0000
      $0.pointer = 0xffff_8881_7000_0000
      $0.value = Script.shared
    }
  }

  func reference(
    _ kind: EventKind, _ pfn: UInt64, _ value: Int32, count: Int32, ret: Int32 = 0, near index: Int,
    pid: Int32 = Draft.stranger
  ) -> Event {
    event(kind, near: index, pid: pid) {
      $0.pfn = pfn
      $0.value = value
      $0.count = count
      $0.result = ret
    }
  }

  /// Indices of events that fit.
  func places(_ fits: (Event) -> Bool) -> [Int] { events.indices.filter { fits(events[$0]) } }

  /// The life, of any kind, that belongs to a story.
  func life(of story: Int) -> Life? { lives.first { $0.story == story } }

  /// The pages of the story that an event belongs to, or those that the event names.
  func frames(around index: Int) -> [ClosedRange<UInt64>] {
    if stream.isSynthetic, stream.stories[index] >= 0 {
      let first = 0x10_0000 + UInt64(stream.stories[index] + 1) * Script.pagesPerStory
      return [first...first + Script.pagesPerStory - 1]
    }
    let event = events[index]
    guard event.pfn != Event.noFrame else { return [] }
    var frames = [event.pfn...event.pfn + (1 << UInt64(event.kind.isPageRef ? 0 : event.order)) - 1]
    // A block may be as large as the allocator's largest.
    let base = event.pfn & ~1023
    frames.append(base...base + 1023)
    return frames
  }

  /// Events by place, as readers number them.
  mutating func settle() {
    for index in events.indices { events[index].ordinal = UInt32(index) }
  }
}
