/// Rows of bytes, each of which must be as it is in the row or is free.
///
/// A row is compared 16 bytes at a time and as a whole, without a branch between: what a trace repeats on each line is
/// recognised at little more than the cost of reading it.
public struct BytePatterns {
  /// The fixed bytes of 16 and the mask that keeps them, in turn.
  @usableFromInline var vectors: [SIMD2<UInt64>]
  /// Vectors to compare in each row; 0 when it is empty.
  @usableFromInline var counts: [Int]
  /// Vectors a row has room for.
  @usableFromInline let room: Int

  /// Makes `rows` empty rows of up to `longest` bytes, rounded up to 16: 48, or 128 and more.
  public init(rows: Int, longest: Int) {
    room = longest <= 48 ? 3 : max(8, (longest + 15) / 16)
    vectors = Array(repeating: SIMD2(), count: rows * room * 2)
    counts = Array(repeating: 0, count: rows)
  }

  /// Longest row, in bytes.
  public var longest: Int { room * 16 }

  /// Fills a row with `count` bytes at `start`; `isFree` tells which of them may differ, counted from 0.
  ///
  /// The row stays empty, and false is returned, when the bytes are too many or not all there.
  @discardableResult
  public mutating func set(
    _ row: Int, _ bytes: RawSpan, at start: Int, count: Int, isFree: (Int) -> Bool = { _ in false }
  ) -> Bool {
    counts[row] = 0
    guard count > 0, count <= longest, start >= 0, start <= bytes.byteCount - count else {
      return false
    }
    for vector in 0..<room {
      var fixed = SIMD2<UInt64>()
      var mask = SIMD2<UInt64>()
      for byte in 0..<16 where vector * 16 + byte < count && !isFree(vector * 16 + byte) {
        let shift = UInt64(byte % 8 * 8)
        fixed[byte / 8] |= UInt64(bytes.u8(start + vector * 16 + byte)) << shift
        mask[byte / 8] |= 0xff << shift
      }
      vectors[(row * room + vector) * 2] = fixed
      vectors[(row * room + vector) * 2 + 1] = mask
    }
    counts[row] = (count + 15) / 16
    return true
  }

  /// True if the text at an offset is as the row says; false for an empty row and where fewer than `longest` bytes of text
  /// are left, or 128 of them.
  @inlinable @inline(always)
  public func matches(_ row: Int, _ text: borrowing WideText, _ at: Int) -> Bool {
    guard UInt(bitPattern: row) < UInt(bitPattern: counts.count) else { return false }
    let count = unsafe counts.span[unchecked: row]
    guard count > 0, at >= 0, at <= text.byteCount &- max(count, 8) &* 16 else { return false }
    let place = row &* room &* 2
    var others = unsafe difference(text, at, place, vectors: 8)
    var vector = 8
    while vector < count {
      others |= unsafe difference(text, at &+ vector &* 16, place &+ vector &* 2, vectors: 1)
      vector &+= 1
    }
    return others[0] | others[1] == 0
  }

  /// The same for rows of at most 48 bytes.
  @inlinable @inline(always)
  public func matchesShort(_ row: Int, _ text: borrowing WideText, _ at: Int) -> Bool {
    guard UInt(bitPattern: row) < UInt(bitPattern: counts.count), room == 3,
      unsafe counts.span[unchecked: row] > 0, at >= 0, at <= text.byteCount &- 48
    else { return false }
    let others = unsafe difference(text, at, row &* 6, vectors: 3)
    return others[0] | others[1] == 0
  }

  /// Bits that differ from those of vectors in a row; text and row must have as many.
  @unsafe @inlinable @inline(always)
  func difference(_ text: borrowing WideText, _ at: Int, _ place: Int, vectors count: Int)
    -> SIMD2<UInt64>
  {
    let vectors = vectors.span
    var others = SIMD2<UInt64>()
    for vector in 0..<count {
      let fixed = unsafe vectors[unchecked: place &+ vector &* 2]
      let mask = unsafe vectors[unchecked: place &+ vector &* 2 &+ 1]
      others |= unsafe text.pair(unchecked: at &+ vector &* 16) & mask ^ fixed
    }
    return others
  }
}
