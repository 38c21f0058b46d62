/// True for scalars that could move the cursor, change colours or reverse the order of what is shown.
///
/// C0 and DEL, C1, line and paragraph separators, and the bidirectional controls of Unicode.
func isHostileToTerminals(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7f..<0xa0: true
  case 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
  default: false
  }
}

extension String {
  /// The string with every control character spelled out: `\x1b` below U+0080, `\u{202e}` above.
  public var escapedForTerminal: String {
    guard unicodeScalars.contains(where: isHostileToTerminals) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      guard isHostileToTerminals(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16)
      result += scalar.value < 0x80 ? "\\x" + digits.padded(left: 2, with: "0") : "\\u{\(digits)}"
    }
    return result
  }

  /// The string with `pad` in front until it has `width` scalars.
  func padded(left width: Int, with pad: Character = " ") -> String {
    String(repeating: pad, count: max(0, width - unicodeScalars.count)) + self
  }

  /// The string followed by blanks until it has `width` scalars.
  func padded(right width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
