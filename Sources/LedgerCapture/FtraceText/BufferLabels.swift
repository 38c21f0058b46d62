import LedgerCore
import LedgerInput

/// Whose events lines are that begin with the name of an instance or a file (tracecmd/trace-read.c:print_handle_file, 3.1.6).
///
/// Buffers that recorded different events are parts of one story. Where two have the same event it happened twice for a reader:
/// then one of them counts, the top buffer if there is one.
struct BufferLabels {
  private static let limit = 64
  private static let none = UInt8.max

  /// The first is no label.
  private var labels: [[UInt8]] = [[]]
  private var isTopSeen = false
  /// Which buffer gave a kind of event first.
  private var owners = [UInt8](repeating: none, count: EventKind.allCases.count)
  private var chosen: UInt8?

  /// What becomes of an event.
  enum Answer {
    case take
    /// The first of a kind that another buffer has too.
    case conflict
    case leave
  }

  /// Judges an event of a line whose comm starts at `comm`.
  @inline(__always)
  mutating func judge(_ kind: EventKind, _ bytes: RawSpan, comm: Int) -> Answer {
    var start = comm
    while start > 0, bytes.u8(start &- 1) == 0x20 { start &-= 1 }
    let isLabelled = start > 0 && bytes.u8(start &- 1) == 0x3a
    guard isLabelled || labels.count > 1 else { return own(kind, 0) }
    return own(kind, isLabelled ? label(bytes, endingAt: start &- 1) : 0)
  }

  /// True if a line without a label counts; nothing changes when it does not.
  @inline(__always)
  mutating func takesTop(_ kind: EventKind) -> Bool {
    let owner = owners[Int(kind.rawValue)]
    guard chosen == nil ? owner == 0 || owner == Self.none : chosen == 0 else { return false }
    return own(kind, 0) == .take
  }

  @inline(__always)
  private mutating func own(_ kind: EventKind, _ label: UInt8) -> Answer {
    if label == 0 { isTopSeen = true }
    if let chosen { return label == chosen ? .take : .leave }
    let place = Int(kind.rawValue)
    if owners[place] == Self.none { owners[place] = label }
    guard owners[place] != label else { return .take }
    chosen = isTopSeen ? 0 : owners[place]
    return .conflict
  }

  private mutating func label(_ bytes: RawSpan, endingAt end: Int) -> UInt8 {
    var start = end
    while start > 0, bytes.u8(start &- 1) != 0x0a, end &- start < 128 { start &-= 1 }
    let name = (start..<end).map { bytes.u8($0) }
    if let known = labels.firstIndex(of: name) { return UInt8(known) }
    guard labels.count < Self.limit else { return UInt8(Self.limit) }
    labels.append(name)
    return UInt8(labels.count - 1)
  }
}

extension TextParser {
  /// False for events of a buffer that records what another one does.
  @inline(__always)
  mutating func isOfBuffer(_ event: inout Event, _ bytes: RawSpan, _ context: LineContext)
    -> Bool
  {
    switch buffers.judge(event.kind, bytes, comm: context.commStart) {
    case .take: return true
    case .conflict: cpus.loseAnywhere()
    case .leave: break
    }
    losses.add(.severalBuffers, detail: "line \(lines)")
    event.kind = .other
    return false
  }
}
