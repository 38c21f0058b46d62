public import LedgerCore

/// A piece of one CPU's events on its way from the background thread to the merge.
///
/// It has one owner at a time: the source that fills it, the relay, or the reader that empties it.
public final class EventChunk: @unchecked Sendable {
  /// Room for events; the first `count` are decoded ones, in the order of the records.
  public var events: [Event]
  /// How many events the chunk holds.
  public var count = 0
  /// Words of the events, only when asked for.
  public var details: [EventDetail] = []
  /// Messages of the kernel's console; an event of the kind `complaint` stands for each, in this order.
  public var messages: [String] = []
  /// Call chains by the place of their event; -1 is the last event of the lane's chunk before this one.
  public var stacks: [(place: Int, stack: UInt32)] = []
  /// Records by format since the last chunk.
  public var counts: [UInt64]
  /// What was lost in this piece.
  public var losses = LossLedger()
  /// Records of any kind.
  public var records: UInt64 = 0
  /// Lowest time of a record, `UInt64.max` without records.
  public var first = UInt64.max
  /// Highest time of a record.
  public var last: UInt64 = 0
  /// What the functions of probes turned out to mean, by format.
  public var kinds: [(format: Int, kind: EventKind)] = []

  /// An empty chunk with room for `capacity` events of `formats` formats.
  public init(capacity: Int, formats: Int) {
    counts = Array(repeating: 0, count: formats)
    events = Array(repeating: Event(), count: capacity)
  }

  /// Makes room for `count` events in all.
  public func grow(to count: Int) {
    guard events.count < count else { return }
    events.append(contentsOf: repeatElement(Event(), count: count - events.count))
  }

  /// Forgets the contents and keeps the room.
  public func clear() {
    count = 0
    details.removeAll(keepingCapacity: true)
    messages.removeAll()
    stacks.removeAll(keepingCapacity: true)
    for index in counts.indices { counts[index] = 0 }
    losses = LossLedger()
    records = 0
    first = .max
    last = 0
    kinds.removeAll()
  }
}
