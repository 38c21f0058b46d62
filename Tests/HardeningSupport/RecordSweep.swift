import CommandTestSupport
import LedgerCapture
import LedgerCore
import LedgerRules

/// Spoils one field of one decoded record and holds what is proven against what the undamaged capture proves: the damage that no
/// reader can see.
public final class RecordSweep {
  private struct Part {
    var info: CaptureInfo
    var losses: LossLedger
    var complaints: ComplaintLog
    var stacks: StackTable
    var batches: [EventBatch]
    var innocent: Accusations
    /// Where events of each kind are: batch and place.
    var places: [EventKind: [(batch: Int, place: Int)]]
  }

  private var parts: [Part] = []
  private let seed: UInt64

  /// Events of a capture that are held at once.
  private static let limit = 400_000

  /// Reads a capture; nil when nothing in it can be spoiled.
  public init?(path: String, seed: UInt64) {
    self.seed = seed
    CaptureWalk(path: path, detail: .replay, expandLimit: Analyses.expandLimit).forEach { found in
      if let reader = try? found.open(.replay), let part = Self.read(reader) { parts.append(part) }
      return parts.count < 8
    }
    parts.removeAll { $0.places.isEmpty }
    guard !parts.isEmpty else { return nil }
  }

  /// What a variant proves beyond the undamaged capture, with words for what was done; empty when nothing.
  public func complaints(_ number: Int) -> [String] {
    var dice = SplitMix(seed: seed, number: number)
    let part = parts[Int(dice.next() % UInt64(parts.count))]
    let kinds = part.places.keys.sorted { $0.rawValue < $1.rawValue }
    let places = part.places[kinds[Int(dice.next() % UInt64(kinds.count))]] ?? []
    let (batch, place) = places[Int(dice.next() % UInt64(places.count))]
    var batches = part.batches
    let words: String
    if dice.next() % 6 == 0 {
      guard let done = Self.shift(&batches, batch, place, &dice) else { return [] }
      words = done
    } else {
      words = Self.spoil(&batches[batch].events[place], &dice)
    }
    return Accusations([Self.analysis(part, batches)]).beyond(part.innocent).map {
      "record \(batches[batch].events[place].ordinal), \(words): PROVEN \($0)"
    }
  }

  /// One bit of the time since the record before is another, which moves all that follow in its sub-buffer; nil where a reader would see
  /// that time runs backwards.
  private static func shift(
    _ batches: inout [EventBatch], _ batch: Int, _ place: Int, _ dice: inout SplitMix
  ) -> String? {
    var events = batches.flatMap(\.events)
    let first = batches[..<batch].reduce(place) { $0 + $1.events.count }
    let cpu = events[first].cpu
    let own = events.indices.filter { $0 >= first && events[$0].cpu == cpu }
    let moved = own.prefix(1 + Int(dice.next() % 120))
    let before = events[..<first].last { $0.cpu == cpu }?.time ?? events[first].time
    let step = UInt64(1) << (dice.next() % 27)
    let isLater = (events[first].time &- before) & step == 0
    guard isLater || events[first].time &- before >= step, let last = moved.last else { return nil }
    for index in moved {
      events[index].time = isLater ? events[index].time &+ step : events[index].time &- step
    }
    if let next = own.dropFirst(moved.count).first, events[next].time < events[last].time {
      return nil
    }
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    var at = 0
    for number in batches.indices {
      for place in batches[number].events.indices {
        batches[number].events[place] = events[order[at]]
        at += 1
      }
    }
    return "\(moved.count) events of CPU \(cpu) \(isLater ? "later" : "earlier") by \(step)"
  }

  private static func spoil(_ event: inout Event, _ dice: inout SplitMix) -> String {
    let (bit, way) = (dice.next(), dice.next())
    let kind = event.kind
    func change<Field: FixedWidthInteger>(
      _ field: WritableKeyPath<Event, Field>, below width: UInt64
    )
      -> String
    {
      let old = event[keyPath: field]
      let place = bit % width
      switch way % 3 {
      case 0: event[keyPath: field] ^= 1 << Field(place)
      case 1:
        event[keyPath: field] ^= Field(truncatingIfNeeded: way >> 8 & 0xff) << Field(place & ~7)
      case 2 where place & 1 == 0: event[keyPath: field] &+= 1
      default: event[keyPath: field] &-= 1
      }
      return "\(old) is \(event[keyPath: field])"
    }
    switch dice.next() % 10 {
    case 0, 1:
      guard event.pfn != Event.noFrame else { return "\(kind) has no pfn" }
      return "\(kind) pfn \(change(\.pfn, below: 40))"
    case 2: return "\(kind) word \(change(\.word, below: 64))"
    case 3: return "\(kind) pointer \(change(\.pointer, below: 64))"
    case 4: return "\(kind) count \(change(\.count, below: 32))"
    case 5: return "\(kind) mapcount \(change(\.mapcount, below: 32))"
    case 6: return "\(kind) value \(change(\.value, below: 32))"
    case 7: return "\(kind) order \(change(\.order, below: 4))"
    case 8:
      // Records of the same fields, which another number in their head renames. include/trace/events/page_ref.h, 6.1
      for alike in [
        [EventKind.pageRefSet, .pageRefMod, .pageRefUnfreeze],
        [.pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless, .pageRefFreeze],
      ] where alike.contains(kind) {
        event.kind = alike[Int(bit % UInt64(alike.count))]
      }
      return "\(kind) is \(event.kind)"
    default: return "\(kind) pid \(change(\.pid, below: 22))"
    }
  }

  private static func read(_ reader: any CaptureReader) -> Part? {
    var batches: [EventBatch] = []
    var batch = EventBatch()
    var places: [EventKind: [(Int, Int)]] = [:]
    var events = 0
    do throws(CaptureError) {
      while try reader.next(&batch) {
        for (place, event) in batch.events.enumerated() where event.kind != .other {
          places[event.kind, default: []].append((batches.count, place))
        }
        batches.append(batch)
        events += batch.events.count
        guard events < limit else { return nil }
      }
    } catch { return nil }
    for kind in [EventKind.gapOpens, .gapCloses] { places[kind] = nil }
    var part = Part(
      info: reader.info, losses: reader.losses, complaints: reader.complaints,
      stacks: reader.stacks, batches: batches, innocent: Accusations([]), places: places)
    part.innocent = Accusations([analysis(part, batches)])
    return part
  }

  private static func analysis(_ part: Part, _ batches: [EventBatch]) -> Analysis {
    var audit = Audit(pageLimitBytes: 1 << 30)
    for batch in batches { audit.consume(batch) }
    return audit.finish(
      info: part.info, losses: part.losses, complaints: part.complaints, stacks: part.stacks)
  }
}
