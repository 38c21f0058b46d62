import LedgerCore
import LedgerFormat
import LedgerInput

/// The fields of an event kind as words of a text, `name=value` or `name value`, made once for each kind.
struct SlotWords: Sendable {
  private struct Field: Sendable {
    var source: FieldSource
    var names: [StaticText]
  }

  private let fields: [Field]
  /// `arg1` up to the last argument that matters: all must be there for any to count by position.
  private let positions: [StaticText]

  private init(_ kind: EventKind) {
    fields = kind.sources.map { Field(source: $0, names: $0.names.map { StaticText($0) }) }
    // A text does not name its kernel in time: only what is the same in all versions goes by position.
    let last = fields.map { $0.source.position(in: nil) }.max() ?? 0
    positions = last == 0 ? [] : (1...last).map { StaticText("arg\($0)") }
  }

  /// The words of a kind.
  static func of(_ kind: EventKind) -> SlotWords { table[Int(kind.rawValue)] }

  private static let table: [SlotWords] = EventKind.allCases.map { SlotWords($0) }

  /// Fills the slots of the event, whose kind is set; false when a field that it needs is missing or no number.
  func read(_ line: borrowing LineCursor, _ event: inout Event) -> Bool {
    let isPositional = positions.allSatisfy { KvmBody.value(line, $0) != nil }
    var page: UInt64 = 0
    var vmemmap: UInt64 = 0
    var size: UInt64 = 0
    for field in fields {
      guard let number = value(line, field, isPositional) else {
        if field.source.isNeeded { return false }
        continue
      }
      switch field.source.slot {
      case .page: page = number
      case .vmemmap: vmemmap = number
      case .size: size = number
      case let slot: event.fill(slot, with: number)
      }
    }
    return event.complete(page: page, vmemmap: vmemmap, size: size)
  }

  /// Where the value of a field stands in a line.
  struct Place {
    var slot: EventSlot
    var isHex: Bool
    /// Offset of its first byte.
    var start: Int
  }

  /// The places of the values that `read` takes from a line; nil where arguments without names may be among them.
  func places(_ line: borrowing LineCursor) -> [Place]? {
    guard !Self.isNameless(line) else { return nil }
    var places: [Place] = []
    for field in fields {
      for name in field.names {
        guard let start = KvmBody.value(line, name),
          Self.number(line, at: start, isHex: field.source.isHex) != nil
        else { continue }
        places.append(Place(slot: field.source.slot, isHex: field.source.isHex, start: start))
        break
      }
    }
    return places
  }

  private func value(_ line: borrowing LineCursor, _ field: Field, _ isPositional: Bool) -> UInt64?
  {
    for name in field.names {
      if let value = Self.value(line, name, isHex: field.source.isHex) { return value }
    }
    guard isPositional, field.source.position > 0 else { return nil }
    return Self.value(line, positions[field.source.position - 1], isHex: false)
  }

  /// Arguments without names: what they are depends on the version.
  static func isNameless(_ line: borrowing LineCursor) -> Bool {
    KvmBody.value(line, first) != nil
  }

  private static let first = StaticText("arg1")

  /// The number behind a name.
  static func value(_ line: borrowing LineCursor, _ name: StaticText, isHex: Bool) -> UInt64? {
    guard let start = KvmBody.value(line, name) else { return nil }
    return number(line, at: start, isHex: isHex)
  }

  /// A number, in decimal with a sign or in hexadecimal.
  static func number(_ line: borrowing LineCursor, at start: Int, isHex: Bool) -> UInt64? {
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    if isHex { return cursor.hex() }
    if !cursor.isAtEnd, cursor.byte == 0x2d {
      return cursor.signed().map { UInt64(bitPattern: Int64($0)) }
    }
    return cursor.number()
  }
}
