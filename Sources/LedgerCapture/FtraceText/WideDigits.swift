import LedgerInput

/// Digits read eight at a time from one 64-bit word, the first digit in its lowest byte.
///
/// Numbers are most of what a line of trace text holds, so the arithmetic on whole words decides how fast a text
/// is read.
enum WideDigits {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let tops: UInt64 = 0x8080_8080_8080_8080

  /// How many hexadecimal digits a word begins with, 0 to 8.
  @inline(__always)
  static func hexCount(_ word: UInt64) -> Int { othersThanHex(word).trailingZeroBitCount &>> 3 }

  /// The top bit of each byte that is no hexadecimal digit.
  @inline(__always)
  private static func othersThanHex(_ word: UInt64) -> UInt64 {
    let plain = word & ~tops
    let low = plain | 0x20 &* ones
    let digit = (plain ^ 0x30 &* ones) &+ 0x76 &* ones
    let fromA = low &+ 0x1f &* ones
    let fromG = low &+ 0x19 &* ones
    return ((digit & ~(fromA & ~fromG)) | word) & tops
  }

  /// The number that the first `count` bytes of a word give, from 1 to 8; `bad` is not 0 when one of them is no
  /// hexadecimal digit.
  @inline(__always)
  static func hex(_ word: UInt64, count: Int, _ bad: inout UInt64) -> UInt64 {
    bad |= othersThanHex(word) &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
    return hex(word, count: count)
  }

  /// The number that the first `count` digits of a word give; `count` from 1 to 8, as `hexCount` found it.
  @inline(__always)
  static func hex(_ word: UInt64, count: Int) -> UInt64 {
    let nibbles = (word & (0x0f &* ones)) &+ ((word &>> 6) & ones) &* 9
    let digits = nibbles &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
    let bytes = (digits & 0x000f_000f_000f_000f) &<< 4 | (digits &>> 8) & 0x000f_000f_000f_000f
    let pairs = (bytes & 0x0000_00ff_0000_00ff) &<< 8 | (bytes &>> 16) & 0x0000_00ff_0000_00ff
    return (pairs & 0xffff) &<< 16 | (pairs &>> 32) & 0xffff
  }

  /// Reads up to 16 hexadecimal digits before `end`, and moves behind them; nil when there is none.
  @inline(__always)
  static func hex(_ text: borrowing WideText, _ at: inout Int, to end: Int) -> UInt64? {
    var word = text.word(at)
    let first = min(hexCount(word), end &- at)
    guard first > 0 else { return nil }
    let value = hex(word, count: first)
    at &+= first
    guard first == 8 else { return value }
    word = text.word(at)
    let second = min(hexCount(word), end &- at)
    guard second > 0 else { return value }
    at &+= second
    return value &<< UInt64(truncatingIfNeeded: second &* 4) | hex(word, count: second)
  }

  /// The number that eight decimal digits give; nil when one of the bytes is none.
  @inline(__always)
  static func decimal(_ word: UInt64) -> UInt64? {
    let digits = word &- 0x30 &* ones
    guard ((word &+ 0x46 &* ones) | digits | word) & tops == 0 else { return nil }
    let pairs = (digits &* 2561) &>> 8 & 0x00ff_00ff_00ff_00ff
    let fours = (pairs &* 6_553_601) &>> 16 & 0x0000_ffff_0000_ffff
    return (fours &* 42_949_672_960_001) &>> 32
  }

  /// The number that the first six bytes of a word give.
  @inline(__always)
  static func decimal6(_ word: UInt64) -> UInt64? { decimal(word &<< 16 | 0x3030) }

  /// How many decimal digits a word begins with, 0 to 8.
  @inline(__always)
  static func decimalCount(_ word: UInt64) -> Int {
    let digit = ((word & ~tops) ^ 0x30 &* ones) &+ 0x76 &* ones
    return ((digit | word) & tops).trailingZeroBitCount &>> 3
  }

  /// The number that the first `count` digits of a word give; `count` from 1 to 8.
  @inline(__always)
  static func decimal(_ word: UInt64, count: Int) -> UInt64? {
    let shift = UInt64(truncatingIfNeeded: 64 &- count &* 8)
    return decimal(word &<< shift | (0x30 &* ones) & ((1 &<< shift) &- 1))
  }

  /// The top bit of each byte of a word that equals `byte`; above the lowest such byte there may be others.
  @inline(__always)
  static func mask(_ word: UInt64, _ byte: UInt64) -> UInt64 {
    let other = word ^ byte &* ones
    return (other &- ones) & ~other & tops
  }

  @inline(__always)
  static func holds(_ word: UInt64, _ byte: UInt64) -> Bool { mask(word, byte) != 0 }
}
