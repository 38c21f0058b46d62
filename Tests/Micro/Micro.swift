import Glibc
import LedgerCapture
import LedgerCore
import LedgerInput
import LedgerReplay
import MicroReference

/// Times the stages of an analysis beside C code that does the same, in one process and in turn; called by `tools/bench`.
///
/// `micro TEXT DAT PAGE ID,… OFFSET:SIZE …`: a text of `trace-cmd report -t`, the same as trace.dat v6, the bytes of a sub-buffer, the ids
/// of nine events, and where each CPU's data lies. Prints a line a stage: name, events, nanoseconds of CPU time an event
/// here and in C. What both have seen is compared, so that a stage that leaves something out is an error.
@main
struct Micro {
  private static let kinds: [EventKind] = [
    .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless,
    .pageRefFreeze, .pageRefUnfreeze, .pageAlloc, .pageFree,
  ]
  private static let rounds = 3

  static func main() throws {
    let words = CommandLine.arguments
    guard words.count > 5, let page = UInt64(words[3]) else {
      fail("micro: five arguments at least")
    }
    let ids = words[4].split(separator: ",").compactMap { UInt16($0) }
    let cpus = words.dropFirst(5).map { $0.split(separator: ":").compactMap { UInt64($0) } }
    guard ids.count == kinds.count, cpus.allSatisfy({ $0.count == 2 }) else {
      fail("micro: nine ids, and OFFSET:SIZE for each CPU")
    }
    try lines(words[1])
    try records(words[2], page, ids, cpus)
    let batches = try batches(words[2])
    for lanes in [2, 8, 32, 128] { try merge(batches, lanes) }
    states(batches)
  }

  /// The first two million events, as the replay gets them.
  private static func batches(_ path: String) throws -> [[Event]] {
    let reader = try openCapture(path: path, detail: .replay)
    var batches: [[Event]] = []
    var batch = EventBatch()
    while batches.count < 8192, try reader.next(&batch) { batches.append(batch.events) }
    return batches
  }

  /// Merges events that are dealt out to so many CPUs in runs, as work moves between them.
  private static func merge(_ batches: [[Event]], _ count: Int) throws {
    var lanes = [[Event]](repeating: [], count: count)
    for (number, event) in batches.joined().enumerated() {
      lanes[number / 16 % count].append(event)
    }
    let copies = lanes.map { $0.map(reference) }
    try compare("merge of \(count) CPUs") {
      merged(lanes)
    } c: { sum in
      let counts = copies.map(\.count)
      let places = copies.map { $0.withUnsafeBufferPointer { $0.baseAddress } }
      return ref_merge(places, counts, count, &sum)
    }
  }

  private static func reference(_ event: Event) -> ref_event {
    var other = ref_event()
    other.time = event.time
    other.pfn = event.pfn
    return other
  }

  private static func merged(_ events: [[Event]]) -> ref_sum {
    var sum = ref_sum()
    var order = LaneOrder(count: events.count)
    var lanes = events.map { events in
      var lane = MergeLane()
      let chunk = EventChunk(capacity: 0, formats: 0)
      chunk.events = events
      chunk.count = events.count
      lane.chunk = chunk
      lane.key = events.first?.time ?? .max
      lane.isDone = events.isEmpty
      return lane
    }
    order.build(lanes)
    var batch = EventBatch()
    var ordinal: UInt32 = 0
    while true {
      let turn = order.turn(lanes)
      let isEnd = lanes[turn.lane].isDone
      if isEnd || batch.events.count == EventBatch.capacity {
        for event in batch.events { sum.hash = sum.hash &* 31 &+ event.pfn }
        sum.events &+= UInt64(batch.events.count)
        batch.clear()
      }
      if isEnd { return sum }
      lanes[turn.lane].run(
        turn, into: &batch.events, details: &batch.details, stacks: &batch.stacks, ordinal: &ordinal
      )
      if lanes[turn.lane].at == events[turn.lane].count {
        lanes[turn.lane].isDone = true
        lanes[turn.lane].key = .max
      }
      order.update(turn.lane, lanes)
    }
  }

  private static func lines(_ path: String) throws {
    try compare("newlines of a text") {
      try scan(path)
    } c: {
      ref_newlines(path, &$0)
    }
    try compare("lines of a text to events") {
      try read(path)
    } c: {
      ref_lines(path, &$0)
    }
  }

  private static func records(
    _ path: String, _ page: UInt64, _ ids: [UInt16], _ cpus: [[UInt64]]
  ) throws {
    try cpus.map { $0[0] }.withUnsafeBufferPointer { offsets in
      try cpus.map { $0[1] }.withUnsafeBufferPointer { sizes in
        var layout = ref_layout()
        layout.page = page
        layout.cpus = UInt64(cpus.count)
        layout.offsets = offsets.baseAddress
        layout.sizes = sizes.baseAddress
        withUnsafeMutableBytes(of: &layout.ids) { $0.copyBytes(from: ids.flatMap(bytes)) }
        try compare("sub-buffers to events, merged") {
          try read(path)
        } c: {
          ref_merged(path, &layout, &$0)
        }
      }
    }
  }

  private static func bytes(_ id: UInt16) -> [UInt8] { [UInt8(id & 0xff), UInt8(id >> 8)] }

  /// The states of all pages, from events that lie in memory: the whole ledger here, one write an event in C.
  private static func states(_ batches: [[Event]]) {
    let used = batches.joined().filter { $0.pfn != Event.noFrame }
    let pfns = used.map(\.pfn)
    let counts = used.map(\.count)
    var best = (ours: Double.infinity, theirs: Double.infinity)
    for _ in 0..<rounds {
      best.ours = min(
        best.ours,
        clocked {
          var replay = Replay(limitBytes: 1 << 31)
          for batch in batches { replay.apply(batch.span) }
        })
      best.theirs = min(
        best.theirs,
        clocked {
          guard let table = ref_table_new() else { fail("micro: no memory") }
          ref_update(table, pfns, counts, pfns.count)
          ref_table_free(table)
        })
    }
    show("state update", UInt64(batches.reduce(0) { $0 + $1.count }), best.ours, best.theirs)
  }

  /// Reads a capture to its end, without a replay.
  private static func read(_ path: String) throws -> ref_sum {
    var sum = ref_sum()
    let reader = try openCapture(path: path, detail: .replay)
    var batch = EventBatch()
    while try reader.next(&batch) {
      for event in batch.events
      where event.kind.isPageRef || event.kind == .pageAlloc || event.kind == .pageFree {
        sum.events &+= 1
        sum.hash = sum.hash &* 31 &+ event.pfn
      }
    }
    return sum
  }

  /// Counts the newlines of a file with the product's own reading and scanning.
  private static func scan(_ path: String) throws -> ref_sum {
    var sum = ref_sum()
    let source = try ByteSource(path: path)
    var block: [UInt8] = []
    block.reserveCapacity(1 << 18)
    while try source.read(into: &block, count: 1 << 18) > 0 {
      let count = block.count
      sum.events &+= block.withRawSpan { bytes in
        var lines: UInt64 = 0
        var at = 0
        while let newline = bytes.firstOffset(of: 0x0a, from: at, to: count) {
          lines &+= 1
          at = newline &+ 1
        }
        return lines
      }
      block.removeAll(keepingCapacity: true)
    }
    return sum
  }

  /// Runs both in turn and prints the best time of each; what they have seen must agree.
  private static func compare(
    _ name: String, isOrdered: Bool = true, ours: () throws -> ref_sum,
    c: (inout ref_sum) -> CInt
  ) throws {
    var best = (ours: Double.infinity, theirs: Double.infinity)
    var events: UInt64 = 0
    for _ in 0..<rounds {
      var mine = ref_sum()
      var other = ref_sum()
      let time = try clocked { mine = try ours() }
      best.theirs = min(best.theirs, clocked { if c(&other) != 0 { fail("micro: C: \(name)") } })
      best.ours = min(best.ours, time)
      guard mine.events == other.events, !isOrdered || mine.hash == other.hash else {
        fail("micro: \(name): \(mine.events) events here, \(other.events) in C, or another order")
      }
      events = mine.events
    }
    show(name, events, best.ours, best.theirs)
  }

  private static func show(_ name: String, _ events: UInt64, _ ours: Double, _ theirs: Double) {
    func each(_ seconds: Double) -> String {
      let tenths = Int((seconds * 1e10 / Double(max(events, 1))).rounded())
      return "\(tenths / 10).\(tenths % 10)"
    }
    print("\(name)\t\(events)\t\(each(ours))\t\(each(theirs))")
  }

  /// Seconds of CPU time, of all threads.
  private static func clocked(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try body()
    return now() - start
  }

  private static func fail(_ words: String) -> Never {
    print(words)
    exit(1)
  }
}
