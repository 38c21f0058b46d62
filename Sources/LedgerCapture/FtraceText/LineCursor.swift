import LedgerInput

/// A place in one line of text; reads numbers and words and never leaves the block.
///
/// Every line is followed by a newline or by the zero padding of its block, so loops over digits and letters
/// need no test for the end of the line.
struct LineCursor: ~Escapable {
  let bytes: RawSpan
  /// Offset of the next byte in the block.
  var at: Int
  /// Offset behind the last byte of the line.
  let end: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from start: Int, to end: Int) {
    self.bytes = bytes
    self.at = start
    self.end = end
  }

  @inline(__always)
  var byte: UInt8 { bytes.u8(at) }

  @inline(__always)
  var isAtEnd: Bool { at >= end }

  /// Nothing but spaces is left.
  var isBlank: Bool {
    for place in at..<max(at, end) where !Ascii.isSpace(bytes.u8(place)) { return false }
    return true
  }

  /// The word read last ends here: a number with anything else behind it is damaged.
  @inline(__always)
  var isAtBreak: Bool { isAtEnd || Ascii.isSpace(byte) }

  @inline(__always)
  mutating func skipSpaces() {
    while at < end, Ascii.isSpace(byte) { at &+= 1 }
  }

  /// To the next space or the end of the line.
  @inline(__always)
  mutating func skipWord() {
    while at < end, !Ascii.isSpace(byte) { at &+= 1 }
  }

  /// Passes `expected` if it is next.
  @inline(__always)
  mutating func skip(_ expected: UInt8) -> Bool {
    guard at < end, byte == expected else { return false }
    at &+= 1
    return true
  }

  /// A number in decimal, nil without digits or when it does not fit.
  @inline(__always)
  mutating func decimal() -> UInt64? {
    let start = at
    var value: UInt64 = 0
    while true {
      let digit = byte &- 0x30
      guard digit < 10, at < end else { break }
      guard at &- start < 19 else { return slowDecimal(from: start) }
      value = value &* 10 &+ UInt64(digit)
      at &+= 1
    }
    return at == start ? nil : value
  }

  /// Passes `[001]`, the column of the CPU, if it is next.
  mutating func skipCPU() -> Bool {
    guard skip(0x5b) else { return false }
    let digits = at
    return decimal() != nil && at &- digits >= 3 && skip(0x5d)
  }

  private mutating func slowDecimal(from start: Int) -> UInt64? {
    at = start
    var value: UInt64 = 0
    while at < end, byte &- 0x30 < 10 {
      let (shifted, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(UInt64(byte &- 0x30))
      guard !over, !carry else { return nil }
      value = sum
      at &+= 1
    }
    return value
  }

  /// A number in hexadecimal without prefix, nil without digits or when it has more than 16.
  @inline(__always)
  mutating func bareHex() -> UInt64? {
    guard at &+ 24 <= bytes.byteCount, let text = WideText(bytes) else { return slowHex() }
    let start = at
    guard let value = WideDigits.hex(text, &at, to: end) else { return nil }
    guard at &- start == 16, at < end, Ascii.hexDigit(byte) != nil else { return value }
    while at < end, Ascii.hexDigit(byte) != nil { at &+= 1 }
    return nil
  }

  /// Near the end of the bytes a word cannot be loaded.
  private mutating func slowHex() -> UInt64? {
    let start = at
    var value: UInt64 = 0
    while at < end, let digit = Ascii.hexDigit(byte) {
      value = value &<< 4 | UInt64(digit)
      at &+= 1
    }
    return at == start || at &- start > 16 ? nil : value
  }

  /// A number in hexadecimal, with or without `0x`.
  @inline(__always)
  mutating func hex() -> UInt64? {
    _ = skipPrefix()
    return bareHex()
  }

  /// Hexadecimal with `0x`, else decimal.
  @inline(__always)
  mutating func number() -> UInt64? { skipPrefix() ? bareHex() : decimal() }

  /// A signed number: decimal with or without a minus sign, or the bits in hexadecimal.
  @inline(__always)
  mutating func signed() -> Int32? {
    let digit = byte &- 0x30
    // Counts are small: one digit and a space, in nine of ten cases.
    if digit < 10, at &+ 1 < end, bytes.u8(at &+ 1) == 0x20 {
      at &+= 1
      return Int32(digit)
    }
    if skipPrefix() { return bareHex().map { Int32(truncatingIfNeeded: $0) } }
    let isNegative = skip(0x2d)
    guard let value = decimal(), value <= 1 << 31 else { return nil }
    let signed = isNegative ? -Int64(value) : Int64(value)
    return Int32(exactly: signed)
  }

  @inline(__always)
  mutating func skipPrefix() -> Bool {
    guard at &+ 1 < end, byte == 0x30, bytes.u8(at &+ 1) | 0x20 == 0x78 else { return false }
    at &+= 2
    return true
  }

  /// True when the rest of the line starts with these bytes.
  func starts(with word: StaticText) -> Bool { word.isFound(in: bytes, at: at, end: end) }
}

/// Classes of bytes.
enum Ascii {
  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    let digit = byte &- 0x30
    if digit < 10 { return digit }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }

  /// Letters, digits and what else the name of an event may hold.
  static func isName(_ byte: UInt8) -> Bool {
    let letter = (byte | 0x20) &- 0x61
    return letter < 26 || isDigit(byte) || byte == 0x5f || byte == 0x2e || byte == 0x24
      || byte == 0x2d
  }
}

/// A word to look for in lines.
struct StaticText: Sendable {
  private let letters: [UInt8]

  init(_ text: String) { letters = Array(text.utf8) }

  var count: Int { letters.count }

  func isFound(in bytes: RawSpan, at offset: Int, end: Int) -> Bool {
    guard offset >= 0, offset &+ letters.count <= end else { return false }
    for index in letters.indices where bytes.u8(offset &+ index) != letters[index] { return false }
    return true
  }

  /// Offset of the first occurrence in `start ..< end`.
  func firstOffset(in bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    guard let first = letters.first else { return nil }
    var from = start
    while let hit = bytes.firstOffset(of: first, from: from, to: end) {
      if isFound(in: bytes, at: hit, end: end) { return hit }
      from = hit &+ 1
    }
    return nil
  }
}
