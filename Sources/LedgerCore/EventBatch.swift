/// Events on their way from a reader to the replay, in time order; the only thing that crosses that border.
public struct EventBatch: Sendable {
  /// How many events a reader puts in a batch: enough to prefetch ahead, few enough for the first-level cache.
  public static let capacity = 256

  /// The events, oldest first.
  public var events: [Event] = []
  /// Names and fields, one for each event, only when the reader was asked for them.
  public var details: [EventDetail] = []
  /// Call chains of events of this batch, and of earlier ones whose chain came late.
  public var stacks: [StackNote] = []

  /// An empty batch with room for `capacity` events.
  public init() { events.reserveCapacity(Self.capacity) }

  /// Forgets the events and keeps the room.
  public mutating func clear() {
    events.removeAll(keepingCapacity: true)
    details.removeAll(keepingCapacity: true)
    if !stacks.isEmpty { stacks.removeAll(keepingCapacity: true) }
  }
}

/// An event's own words, for people and for `events`: made on demand, never in an analysis.
public struct EventDetail: Sendable {
  /// `page_ref_mod`, `mm_page_alloc`, or the name a user gave a probe.
  public var name: String
  /// Trace group, empty when a text does not print it.
  public var system: String
  /// Task name as the capture has it, empty if unknown.
  public var comm: String
  /// Fields in the order of the format.
  public var fields: [(name: String, value: FieldValue)]
  /// The body of a text line as printed; empty for binary captures.
  public var body: String

  /// A detail without fields.
  public init(name: String, system: String = "", comm: String = "") {
    self.name = name
    self.system = system
    self.comm = comm
    self.fields = []
    self.body = ""
  }
}

/// The value of one field of a record.
public enum FieldValue: Sendable, Equatable {
  /// A signed number, printed in decimal.
  case signed(Int64)
  /// An unsigned number, printed in decimal.
  case unsigned(UInt64)
  /// An address or a word of bits, printed in hexadecimal.
  case hex(UInt64)
  /// Bytes of a string, without its NUL; any byte may occur.
  case string(String)
  /// Elements of an array.
  case array([UInt64])
}
