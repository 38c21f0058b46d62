import LedgerCore
import LedgerRules

/// A stream of events that a fuzzer's decisions make, straight into the replay.
struct EventScript {
  private var choices: Choices
  private var time: UInt64 = 0

  init(_ bytes: [UInt8]) { choices = Choices(bytes) }

  /// Replays them all.
  mutating func analysis() -> Analysis {
    var info = CaptureInfo(path: "-", kind: "events")
    info.kernel = ["", "5.10.0", "6.1.0", "6.12.0", "6.19.0"][choices.below(5)]
    info.clock = ["", "global", "local", "mono"][choices.below(4)]
    info.cpus = 4
    info.events = EventKind.allCases.map {
      EventCount(system: "", name: $0.name, kind: $0, count: 1)
    }
    var audit = Audit(pageLimitBytes: 64 << 20)
    var batch = EventBatch()
    var ordinal: UInt32 = choices.byte() == 255 ? .max - 3 : 0
    while !choices.isEmpty {
      batch.events.append(event(ordinal))
      ordinal &+= 1
      if batch.events.count == EventBatch.capacity || choices.byte() == 0 {
        audit.consume(batch)
        batch.clear()
      }
    }
    audit.consume(batch)
    return audit.finish(info: info, losses: LossLedger())
  }

  private mutating func event(_ ordinal: UInt32) -> Event {
    var event = Event()
    let kinds = EventKind.allCases
    let pick = choices.byte()
    // Most of them about references, allocation and frees, which need each other.
    event.kind = pick < 128 ? kinds[1 + Int(pick) % 10] : kinds[Int(pick) % kinds.count]
    time = choices.byte() == 255 ? choices.number() : time &+ UInt64(choices.byte() >> 3)
    event.time = time
    event.pfn = choices.byte() < 250 ? 0x1000 + UInt64(choices.byte() & 31) : choices.number()
    event.cpu = choices.byte() == 255 ? .max : UInt16(choices.byte() & 3)
    event.pid = Int32(truncatingIfNeeded: choices.number())
    event.order = choices.byte() < 240 ? UInt8(choices.below(11)) : choices.byte()
    event.word = choices.number()
    event.pointer = choices.number()
    event.extra = choices.number()
    event.span = choices.number()
    event.gaps = Event.Gaps(rawValue: choices.byte() < 200 ? 0 : choices.byte())
    event.context = choices.byte() & 0x5d
    event.ordinal = ordinal
    return event
  }
}
