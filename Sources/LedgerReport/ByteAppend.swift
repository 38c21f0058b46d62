/// Appending without a string in between, for output of one line an event.
extension [UInt8] {
  /// Appends the digits of a number.
  mutating func append(decimal number: some FixedWidthInteger) {
    if number < 0 { append(UInt8(ascii: "-")) }
    append(digits: UInt64(number.magnitude), radix: 10)
  }

  /// Appends digits, the lowest of base 10 or 16; at least `width` of them.
  mutating func append(digits number: UInt64, radix: UInt64, width: Int = 1) {
    let first = count
    var rest = number
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest % radix)
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
      rest /= radix
    } while rest > 0 || count - first < width
    self[first...].reverse()
  }

  /// Appends text with its control characters spelled out.
  mutating func append(escaped text: String) {
    let first = count
    append(contentsOf: text.utf8)
    guard !self[first...].allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else { return }
    removeLast(count - first)
    append(contentsOf: text.escapedForTerminal.utf8)
  }
}
