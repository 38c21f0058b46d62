/// Unaligned loads that are checked against the end of the bytes; the caller has compared offsets with the
/// record before, a violation is a bug of ours and traps.
extension RawSpan {
  /// The byte at an offset.
  @inlinable @inline(always)
  public func u8(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The 16 bits at an offset, in the order of this machine.
  @inlinable @inline(always)
  public func u16(_ offset: Int) -> UInt16 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }

  /// The 32 bits at an offset.
  @inlinable @inline(always)
  public func u32(_ offset: Int) -> UInt32 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// The 64 bits at an offset.
  @inlinable @inline(always)
  public func u64(_ offset: Int) -> UInt64 {
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}

extension [UInt8] {
  /// Lends the bytes to `body`; the one place where an array becomes a raw span.
  @inlinable @inline(always)
  public func withRawSpan<Result: ~Copyable>(_ body: (RawSpan) -> Result) -> Result {
    body(unsafe span.bytes)
  }
}
