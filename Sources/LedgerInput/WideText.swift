/// Text that is read in words of eight bytes at any place.
///
/// A load beyond the last word gives the last word instead: one comparison keeps hostile offsets inside the bytes, and no
/// branch stands between the loads of a line.
public struct WideText: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline let last: UInt

  /// Nil when the bytes are fewer than a word.
  @inlinable @inline(always)
  @_lifetime(copy bytes)
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= 8 else { return nil }
    self.bytes = bytes
    self.last = UInt(bitPattern: bytes.byteCount &- 8)
  }

  /// Eight bytes, the first in the lowest bits.
  @inlinable @inline(always)
  public func word(_ offset: Int) -> UInt64 {
    let place = Int(bitPattern: min(UInt(bitPattern: offset), last))
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)
  }

  /// Bytes of text.
  @inlinable @inline(always)
  public var byteCount: Int { bytes.byteCount }

  /// Sixteen bytes, which must lie inside the text.
  @unsafe @inlinable @inline(always)
  func pair(unchecked offset: Int) -> SIMD2<UInt64> {
    unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD2<UInt64>.self)
  }
}
