import LedgerCapture
import LedgerCore

/// Events of healthy work, in the order and form in which a reader gives them.
struct LegalStream {
  var name: String
  var events: [Event]
  /// The story that each event belongs to; empty for a real capture.
  var stories: [Int] = []
  var info: CaptureInfo
  /// What it is made of, for a synthetic one.
  var cast: [Story] = []

  var isSynthetic: Bool { !stories.isEmpty }

  /// Times are stretched, so that mutations find room between events.
  static let stretch: UInt64 = 64

  /// Stories woven together over four CPUs, with many ties between them.
  init(woven chance: inout Chance) {
    name = "woven"
    cast = (0..<chance.number(6...9)).map { _ in chance.pick(Story.allCases) ?? .single }
    // One VM with entries a stream: without probes on each change nothing tells several apart. kvm_vcpu_map names its own.
    var guests: [Story] = []
    cast = cast.map { story in
      guard [.guest, .keptGuest, .vcpu, .hostAndGuest].contains(story) else { return story }
      guard guests.isEmpty || story == .vcpu && guests.allSatisfy({ $0 == .vcpu }) else {
        return .plain
      }
      guests.append(story)
      return story
    }
    events = []
    info = CaptureInfo(path: "woven", kind: "trace.dat v7")
    var scripts: [ArraySlice<Event>] = []
    for (index, story) in cast.enumerated() {
      var script = Script(Self.place(index), chance.branch())
      story.write(&script)
      scripts.append(script.events[...])
    }
    var time: UInt64 = 1_000_000_000
    var last = cast.map { _ in (time: UInt64(0), cpu: UInt16(0)) }
    while let story = chance.pick(scripts.indices.filter { !scripts[$0].isEmpty }) {
      guard var event = scripts[story].popFirst() else { continue }
      if !chance.once(in: 3) { time += UInt64(chance.number(1...20)) }
      // What one task does on two CPUs has two times.
      if last[story].time == time, last[story].cpu != event.cpu { time += 1 }
      event.time = time
      last[story] = (time, event.cpu)
      events.append(event)
      stories.append(story)
    }
    var end = Event()
    end.kind = .pageFreeBatched
    end.pfn = 1
    end.time = time + 100_000
    events.append(end)
    stories.append(-1)
    info.kernel = "6.1.0"
    info.clock = "global"
    info.cpus = Int(Script.cpus)
    info.listsEnabledEvents = true
    info.eventsRead = UInt64(events.count)
    info.events = EventKind.allCases.filter { !$0.isGap }.map {
      EventCount(system: $0.group, name: $0.name, kind: $0, count: 1)
    }
    stretchTimes()
    sortTies()
  }

  private static func place(_ index: Int) -> Script.Place {
    let n = UInt64(index + 1)
    return Script.Place(
      pid: Int32(1000 + index), cpu: UInt16(index) % Script.cpus,
      pfn: 0x10_0000 + n * Script.pagesPerStory, address: 0x7f00_0000_0000 + n * 0x100_0000,
      mm: 0xffff_8881_0000_0000 + n * 0x1000, vma: 0xffff_8881_2000_0000 + n * 0x100,
      gfn: n * 0x1000, kvm: 0xffff_c900_0040_0000 + n * 0x40_0000,
      notifier: 0xffff_c900_0040_9000 + n * 0x40_0000, object: 0xffff_8881_4000_0000 + n * 0x400,
      iova: 0xf000_0000 + n * 0x1_0000)
  }

  /// A piece of a real capture; what was alive before it is unknown, as at the start of any capture.
  init(_ name: String, _ events: ArraySlice<Event>, _ info: CaptureInfo) {
    self.name = name
    self.events = Array(events)
    self.info = info
    stretchTimes()
  }

  /// All pieces of a capture without gaps, up to a number of events.
  static func pieces(of path: String, named name: String, size: Int, limit: Int) throws
    -> [LegalStream]
  {
    let reader = try openCapture(path: path, detail: .replay)
    var all: [Event] = []
    var batch = EventBatch()
    while all.count < limit, try reader.next(&batch) { all += batch.events }
    let info = reader.info
    return stride(from: 0, to: all.count - size, by: size).compactMap { start in
      let piece = all[start..<start + size]
      return piece.contains { $0.kind.isGap } ? nil : LegalStream("\(name)@\(start)", piece, info)
    }
  }

  private mutating func stretchTimes() {
    let start = events.first?.time ?? 0
    for index in events.indices {
      events[index].time = (events[index].time - start) * Self.stretch + 1_000_000_000
    }
  }

  /// Equal times in order of CPUs, as readers give them.
  private mutating func sortTies() {
    let order = events.indices.sorted {
      (events[$0].time, events[$0].cpu, $0) < (events[$1].time, events[$1].cpu, $1)
    }
    (events, stories) = (order.map { events[$0] }, order.map { stories[$0] })
  }
}
