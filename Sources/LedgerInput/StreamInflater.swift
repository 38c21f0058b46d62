internal import CZstd

/// Inflates one zstd stream that arrives in pieces and may never be ended.
///
/// Not meant for two threads at a time; it is handed from one to another as a whole.
@safe public final class StreamInflater: @unchecked Sendable {
  private var context: OpaquePointer?
  private static let step = 1 << 17

  /// A stream of which nothing was seen yet.
  public init() { unsafe self.context = ZSTD_createDCtx() }

  deinit { if let context = unsafe context { unsafe ZSTD_freeDCtx(context) } }

  /// Appends what the bytes of `start ..< end` inflate to; false when they are damaged or give more than `limit` bytes.
  ///
  /// After false the stream cannot be followed any further.
  public func inflate(
    _ input: RawSpan, from start: Int, to end: Int, into output: inout [UInt8], limit: Int
  ) -> Bool {
    guard start >= 0, start <= end, end <= input.byteCount else { return false }
    return unsafe input.withUnsafeBytes { all in
      unsafe inflate(.init(rebasing: all[start..<end]), into: &output, limit: limit)
    }
  }

  private func inflate(
    _ input: UnsafeRawBufferPointer, into output: inout [UInt8], limit: Int
  ) -> Bool {
    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var total = 0
    while true {
      var isSound = true
      let got = unsafe appendUninitialized(to: &output, count: Self.step) { room in
        var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(context, &target, &source)
        isSound = ZSTD_isError(status) == 0
        return unsafe Int(clamping: target.pos)
      }
      total += got
      guard isSound, total <= limit else { return false }
      // A step that was not filled has given all that the input holds.
      if unsafe got < Self.step && source.pos >= source.size { return true }
      if got == 0 { return unsafe source.pos >= source.size }
    }
  }
}
