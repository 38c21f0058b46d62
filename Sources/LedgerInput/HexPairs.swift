/// Hexadecimal digits read two at a time from a table.
public struct HexPairs {
  /// Set in what `number` notes as bad.
  public static let bad: UInt64 = 0x8000

  /// The value of each pair of bytes, the first of them in the low half of the index; `bad` if one is no digit.
  @usableFromInline let values: [UInt16]

  /// Fills the table: 128 KiB, of which digits touch 3.
  public init() {
    var values = [UInt16](repeating: UInt16(Self.bad), count: 1 << 16)
    let digits = [(0x30 as Int, 0, 10), (0x41, 10, 6), (0x61, 10, 6)].flatMap {
      first, value, count in
      (0..<count).map { (byte: first + $0, value: UInt16(value + $0)) }
    }
    for high in digits {
      for low in digits { values[low.byte << 8 | high.byte] = high.value << 4 | low.value }
    }
    self.values = values
  }

  /// The number that `count` digits give, 1 to 16. Where one of the bytes is no digit, or they are not all there, `bad` gets
  /// the bit `HexPairs.bad`; its other bits have no meaning.
  @inlinable @inline(always)
  public func number(_ text: borrowing WideText, _ at: Int, count: Int, _ bad: inout UInt64)
    -> UInt64
  {
    guard at >= 0, count > 0, at <= text.byteCount &- count else {
      bad |= Self.bad
      return 0
    }
    let values = values.span
    var place = at
    var number: UInt64 = 0
    if count & 1 != 0 {
      let byte = unsafe text.bytes.unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self)
      number = UInt64(unsafe values[unchecked: Int(byte) &<< 8 | 0x30])
      bad |= number
      place &+= 1
    }
    let end = at &+ count
    while place < end {
      let pair = unsafe text.bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: place, as: UInt16.self)
      let value = UInt64(unsafe values[unchecked: Int(UInt16(littleEndian: pair))])
      bad |= value
      number = number &<< 8 | value
      place &+= 2
    }
    return number
  }
}
