import LedgerCore
import LedgerFormat
import LedgerInput

/// The names of events in a text, how often each was seen and what it means to the replay.
struct EventNames {
  /// How many names are told apart; all further ones share the row `…`.
  static let limit = 65_535
  /// Longest name that is taken for one; TRACE_EVENT names are far shorter.
  static let longestName = 128

  /// What the reader does with the lines of a name.
  struct Meaning {
    var kind: EventKind
    /// The probe that bare addresses leave only the event's name to recognise by.
    var probe: EventKind
    /// A tracepoint with a body of its own, not a probe.
    var isTracepoint: Bool
    /// Its text may go on in lines without context: trace_marker, trace_printk, stacks.
    var mayContinue: Bool
    /// One byte makes it the name of an event that means something.
    var isDamaged: Bool
  }

  private var table = ByteTable(limit: EventNames.limit)
  private var names: [String] = []
  private(set) var meanings: [Meaning] = []
  private var seen: [UInt64] = []
  /// Names are printed as `group:name`, and may hold any byte but spaces.
  private let hasSystems: Bool

  init(hasSystems: Bool = false) { self.hasSystems = hasSystems }

  /// The row of a name, a new one if it is new; nil for bytes that are no name.
  @inline(__always)
  mutating func row(_ bytes: RawSpan, at start: Int, count: Int) -> Int? {
    let hash = ByteTable.hash(bytes, at: start, count: count)
    if let row = table.find(bytes, at: start, count: count, hash: hash) { return row }
    return insert(bytes, start, count, hash)
  }

  private mutating func insert(_ bytes: RawSpan, _ start: Int, _ count: Int, _ hash: UInt64) -> Int?
  {
    guard count > 0, count <= Self.longestName else { return nil }
    let isDamaged = DamagedName.isNear(bytes, from: start, to: start &+ count)
    for offset in start..<start &+ count where !isDamaged {
      let byte = bytes.u8(offset)
      guard Ascii.isName(byte) || hasSystems && byte > 0x20 && byte != 0x7f else { return nil }
    }
    guard let row = table.insert(bytes, at: start, count: count, hash: hash) else {
      if names.count == Self.limit { append("…") }
      return Self.limit
    }
    append(bytes.text(from: start, to: start &+ count), isDamaged: isDamaged)
    return row
  }

  /// The row of a name that the text implies but does not print.
  mutating func row(implied name: String) -> Int? {
    let padded = Array(name.utf8) + Array(repeating: 0, count: 8)
    return padded.withRawSpan { row($0, at: 0, count: padded.count - 8) }
  }

  /// Counts one event; the result says what its line means.
  @inline(__always)
  mutating func count(_ row: Int) -> Meaning {
    seen[row] &+= 1
    return meanings[row]
  }

  /// Counts one event of which the meaning is known.
  @inline(__always)
  mutating func countKnown(_ row: Int) { seen[row] &+= 1 }

  /// What the lines of a name mean, without counting one.
  @inline(__always)
  func kind(_ row: Int) -> EventKind { meanings[row].isTracepoint ? meanings[row].kind : .other }

  /// True for the first event of a name that means nothing to the replay.
  @inline(__always)
  func isFirst(_ row: Int) -> Bool { seen[row] == 1 && meanings[row].kind == .other }

  /// The name of a row.
  func name(_ row: Int) -> String { names[row] }

  /// A probe told by the function it is attached to gives its event a meaning.
  mutating func recognise(_ row: Int, as kind: EventKind) {
    if meanings[row].kind == .other { meanings[row].kind = kind }
  }

  var counts: [EventCount] {
    names.indices.map { row in
      let kind = meanings[row].kind
      let (system, name) = split(row)
      return EventCount(
        system: system.isEmpty ? kind.group : system, name: name, kind: kind, count: seen[row])
    }
  }

  /// Group and name of a row; the group is empty when the text does not print it.
  func split(_ row: Int) -> (system: String, name: String) {
    hasSystems ? Self.split(names[row]) : ("", names[row])
  }

  /// `cycles:u` has no group: what stands behind its colon are modifiers.
  private static func split(_ printed: String) -> (system: String, name: String) {
    guard let colon = printed.firstIndex(of: ":") else { return ("", printed) }
    let name = printed[printed.index(after: colon)...]
    let isModifier = name.allSatisfy { "ukhGHpPISDWeb:".contains($0) }
    return isModifier ? ("", printed) : (String(printed[..<colon]), String(name))
  }

  private mutating func append(_ printed: String, isDamaged: Bool = false) {
    let name = hasSystems ? Self.split(printed).name : printed
    let kind = EventKind.allCases.first { $0.isNamed(name) && Self.isTracepoint($0) } ?? .other
    names.append(printed)
    seen.append(0)
    meanings.append(
      Meaning(
        kind: kind, probe: ProbeCatalog.kind(ofEvent: name), isTracepoint: kind != .other,
        mayContinue: Self.continuing.contains(name),
        isDamaged: kind == .other && isDamaged))
  }

  static func isTracepoint(_ kind: EventKind) -> Bool {
    !kind.group.isEmpty && !kind.isProbe
  }

  private static let continuing: Set<String> = [
    "tracing_mark_write", "print", "bprint", "bputs", "raw_data", "kernel_stack", "user_stack",
  ]
}

extension RawSpan {
  /// The bytes as text; what is not UTF-8 is replaced.
  func text(from start: Int, to end: Int) -> String {
    var copy: [UInt8] = []
    copy.reserveCapacity(max(0, end &- start))
    var at = start
    while at < end {
      copy.append(u8(at))
      at &+= 1
    }
    return String(decoding: copy, as: UTF8.self)
  }
}
