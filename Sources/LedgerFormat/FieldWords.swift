public import LedgerCore
internal import LedgerInput

/// Renders the fields of records for people, from nothing but their formats.
public struct FieldWords: Sendable {
  private let formats: [EventFormat]
  private let fields: [[Column]]
  private let comms: [Int32: String]
  private let bigEndian: Bool
  private let long: Int

  private struct Column: Sendable {
    var field: FormatField
    var isHex: Bool
  }

  /// Longer strings and arrays are cut.
  private static let limit = 4096

  /// Words for records of `formats`; `long` is the size of the kernel's `long`.
  public init(_ formats: [EventFormat], comms: [Int32: String], long: Int, bigEndian: Bool) {
    self.formats = formats
    self.comms = comms
    self.long = long
    self.bigEndian = bigEndian
    fields = formats.map { format in
      let hex = format.hexFields
      return format.ownFields.map { field in
        Column(
          field: field,
          isHex: field.shape == .pointer || (field.isLong && !field.isSigned)
            || hex.contains(field.name))
      }
    }
  }

  /// The words of the record of `count` bytes at `start`, which lies within `bytes`.
  public func detail(_ bytes: RawSpan, _ start: Int, _ count: Int, _ format: Int, _ pid: Int32)
    -> EventDetail
  {
    var detail = EventDetail(
      name: formats[format].name, system: formats[format].system,
      comm: pid == 0 ? "<idle>" : comms[pid] ?? "")
    for column in fields[format] {
      detail.fields.append(
        (column.field.name, value(column, bytes, start, count)))
    }
    return detail
  }

  private func value(_ column: Column, _ bytes: RawSpan, _ start: Int, _ count: Int) -> FieldValue {
    let field = column.field
    guard field.offset <= count else { return .string("") }
    switch field.shape {
    case .scalar, .pointer:
      guard field.offset + field.size <= count else { return .string("") }
      let raw = element(bytes, start + field.offset, field.size)
      if column.isHex { return .hex(raw) }
      return field.isSigned ? .signed(Self.extend(raw, field.size)) : .unsigned(raw)
    case .array:
      // An array without a size runs to the end of the record; so do the callers of a stack, of whom eight are declared.
      let isOpen = field.size == 0 || field.name == "caller"
      let size = isOpen ? count - field.offset : min(field.size, count - field.offset)
      return elements(field, bytes, start + field.offset, size)
    case .located, .relative:
      guard field.size == 4, field.offset + 4 <= count else { return .string("") }
      let word = element(bytes, start + field.offset, 4)
      let base = field.shape == .relative ? field.offset + 4 : 0
      let place = base + Int(word & 0xffff)
      guard place <= count else { return .string("") }
      return elements(field, bytes, start + place, min(Int(word >> 16), count - place))
    }
  }

  private func elements(_ field: FormatField, _ bytes: RawSpan, _ at: Int, _ size: Int)
    -> FieldValue
  {
    let size = min(size, Self.limit)
    if field.isText {
      let text = (at..<(at + size)).map { bytes.u8($0) }
      let letters = text.prefix { $0 != 0 }
      // Addresses of sockets and the like are declared as characters too.
      guard letters.contains(where: { $0 < 0x20 && !(0x09...0x0d).contains($0) }) else {
        return .string(String(decoding: letters, as: UTF8.self))
      }
      return .array(text.map { UInt64($0) })
    }
    let width = field.elementSize(long: long)
    return .array(
      stride(from: at, to: at + size - size % width, by: width).map { element(bytes, $0, width) })
  }

  private func element(_ bytes: RawSpan, _ at: Int, _ size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<min(size, 8) {
      let byte = UInt64(bytes.u8(bigEndian ? at + index : at + size - 1 - index))
      value = value << 8 | byte
    }
    return value
  }

  private static func extend(_ raw: UInt64, _ size: Int) -> Int64 {
    let shift = UInt64(64 - 8 * min(max(size, 1), 8))
    return Int64(bitPattern: raw << shift) >> Int64(shift)
  }
}

extension EventFormat {
  /// Fields that the event's own text prints in hexadecimal.
  var hexFields: Set<String> {
    let bytes = Array(print.utf8)
    guard let open = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return [] }
    var found: Set<String> = []
    var (conversions, at) = Self.conversions(bytes, from: open)
    for argument in Self.arguments(bytes, from: &at) {
      guard !conversions.isEmpty else { break }
      let conversion = conversions.removeFirst()
      guard conversion == UInt8(ascii: "x") || conversion == UInt8(ascii: "X") else { continue }
      guard let arrow = argument.range(ofASCII: "REC->") else { continue }
      let name = argument[arrow...].prefix(while: \.isNameByte)
      // Only the bare field: what is computed from it may have another form.
      let rest = argument[(arrow + name.count)...].filter { $0 != 0x20 && $0 != 0x29 }
      if rest.isEmpty { found.insert(String(decoding: name, as: UTF8.self)) }
    }
    return found
  }

  /// The conversion letters of the format string, and the place behind it.
  private static func conversions(_ bytes: [UInt8], from open: Int) -> ([UInt8], Int) {
    var letters: [UInt8] = []
    var at = open
    while at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
      at += 1
      while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
        if bytes[at] == UInt8(ascii: "\\") { at += 1 }
        if at < bytes.count, bytes[at] == UInt8(ascii: "%") {
          at += 1
          while at < bytes.count, "0123456789-+ #.lhLzjtq*".utf8.contains(bytes[at]) { at += 1 }
          if at < bytes.count, bytes[at] != UInt8(ascii: "%") { letters.append(bytes[at]) }
        }
        at += 1
      }
      at += 1
      while at < bytes.count, bytes[at] == 0x20 { at += 1 }
    }
    return (letters, at)
  }

  /// The arguments behind the format string, split at the commas that lie in no bracket.
  private static func arguments(_ bytes: [UInt8], from at: inout Int) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var depth = 0
    var start = min(at + 1, bytes.count)
    for index in start..<bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "("), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        found.append(bytes[start..<index])
        start = index + 1
      default: break
      }
    }
    found.append(bytes[start...])
    return found
  }
}

extension ArraySlice<UInt8> {
  /// The index behind the last occurrence of `word`.
  func range(ofASCII word: String) -> Int? {
    let word = Array(word.utf8)
    guard count >= word.count else { return nil }
    for start in stride(from: endIndex - word.count, through: startIndex, by: -1)
    where self[start..<(start + word.count)].elementsEqual(word) {
      return start + word.count
    }
    return nil
  }
}
