/// Reads JSON as RFC 8259 has it, and nothing looser; the bytes may be hostile.
///
/// Depth is bounded by `depthLimit`, memory by a multiple of the bytes. Strings that are no UTF-8 are refused, half a surrogate pair
/// becomes U+FFFD. Of members with one name the first counts.
public struct JSONReader {
  /// Values inside values.
  public static let depthLimit = 64
  private let bytes: [UInt8]
  private let end: Int
  private var at: Int
  private var line = 1

  /// The one value that the bytes hold.
  public static func value(of bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try value(of: bytes, in: 0..<bytes.count)
  }

  /// The one value that a part of the bytes holds.
  public static func value(of bytes: [UInt8], in range: Range<Int>) throws(JSONError) -> JSONValue {
    var reader = JSONReader(bytes, range)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    guard reader.at == reader.end else { throw reader.error("something follows the end") }
    return value
  }

  private init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    at = max(0, range.lowerBound)
    end = min(range.upperBound, bytes.count)
  }

  private func error(_ reason: String) -> JSONError { JSONError(line: line, reason: reason) }

  private var next: UInt8? { at < end ? bytes[at] : nil }

  private mutating func skipBlanks() {
    while at < end {
      switch bytes[at] {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      default: return
      }
      at += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.depthLimit else { throw error("values are nested too deeply") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case .some(let byte) where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
    case .none: throw error("a value is missing at the end")
    default: throw error("a value is missing")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError)
    -> JSONValue
  {
    for byte in word.description.utf8 where !take(byte) { throw error("a value is missing") }
    return value
  }

  private mutating func object(_ depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var members: [JSONMember] = []
    skipBlanks()
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw error("a name is missing") }
      let place = line
      let name = try string()
      skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw error("a colon is missing") }
      members.append(JSONMember(name: name, value: try value(depth: depth + 1), line: place))
      skipBlanks()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw error("a comma or } is missing") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var elements: [JSONValue] = []
    skipBlanks()
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw error("a comma or ] is missing") }
    return .array(elements)
  }
}

extension JSONReader {
  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = at
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    let isInteger =
      !(next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E"))
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    if isInteger, bytes[start] != UInt8(ascii: "-"), let number = Self.integer(bytes[start..<at]) {
      return .number(number)
    }
    return .other(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    guard let byte = next, Self.isDigit(byte) else { throw error("a digit is missing") }
    while let byte = next, Self.isDigit(byte) { at += 1 }
  }

  private static func integer(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    for digit in digits {
      let (product, isOver) = number.multipliedReportingOverflow(by: 10)
      let (sum, isOverToo) = product.addingReportingOverflow(UInt64(digit &- 0x30))
      guard !isOver, !isOverToo else { return nil }
      number = sum
    }
    return number
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    let start = at
    var hasEscapes = false
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw error("a control character stands in a string") }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        at += 1
      }
      at += 1
    }
    guard at < end else { throw error("a string has no end") }
    defer { at += 1 }
    if !hasEscapes { return try text(bytes[start..<at]) }
    return try text(unescaped(start..<at)[...])
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a string is not UTF-8")
    }
    return text
  }

  private func unescaped(_ range: Range<Int>) throws(JSONError) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var place = range.lowerBound
    while place < range.upperBound {
      let byte = bytes[place]
      place += 1
      guard byte == UInt8(ascii: "\\"), place < range.upperBound else {
        text.append(byte)
        continue
      }
      let mark = bytes[place]
      place += 1
      switch mark {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(mark)
      case UInt8(ascii: "b"): text.append(8)
      case UInt8(ascii: "f"): text.append(12)
      case UInt8(ascii: "n"): text.append(10)
      case UInt8(ascii: "r"): text.append(13)
      case UInt8(ascii: "t"): text.append(9)
      case UInt8(ascii: "u"): text += Array(String(try scalar(&place, range.upperBound)).utf8)
      default: throw error("an escape is not known")
      }
    }
    return text
  }

  private func scalar(_ place: inout Int, _ end: Int) throws(JSONError) -> Character {
    let first = try unit(&place, end)
    if let scalar = Unicode.Scalar(first) { return Character(scalar) }
    guard first & 0xfc00 == 0xd800, place + 1 < end, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { return "\u{fffd}" }
    var behind = place + 2
    let second = try unit(&behind, end)
    guard second & 0xfc00 == 0xdc00 else { return "\u{fffd}" }
    place = behind
    let value = 0x10000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff))
    return Unicode.Scalar(value).map(Character.init) ?? "\u{fffd}"
  }

  private func unit(_ place: inout Int, _ end: Int) throws(JSONError) -> UInt16 {
    guard place + 4 <= end else { throw error("an escape has no end") }
    var unit: UInt16 = 0
    for digit in bytes[place..<place + 4] {
      switch digit {
      case 0x30...0x39: unit = unit << 4 | UInt16(digit - 0x30)
      case 0x41...0x46: unit = unit << 4 | UInt16(digit - 0x37)
      case 0x61...0x66: unit = unit << 4 | UInt16(digit - 0x57)
      default: throw error("an escape needs four hexadecimal digits")
      }
    }
    place += 4
    return unit
  }
}
