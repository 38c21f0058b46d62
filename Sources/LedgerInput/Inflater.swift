internal import CZlib
internal import CZstd

/// How a piece of a capture is compressed.
public enum Compression: String, Sendable {
  case none
  /// One zlib stream (RFC 1950).
  case zlib
  /// One zstd frame.
  case zstd
}

/// Inflates independent pieces whose inflated size is known beforehand, with one reused context.
///
/// Not meant for two threads at a time; it is handed from one to another as a whole.
@safe public final class Inflater: @unchecked Sendable {
  private let method: Compression
  private var context: OpaquePointer?

  /// An inflater for one method.
  public init(_ method: Compression) {
    self.method = method
    unsafe self.context = method == .zstd ? ZSTD_createDCtx() : nil
  }

  deinit {
    if let context = unsafe context { unsafe ZSTD_freeDCtx(context) }
  }

  /// Replaces `output` by the inflated bytes of `input`; false unless they are exactly `size` bytes.
  ///
  /// The caller bounds `size`; `output` never grows beyond it. On failure its contents are undefined.
  func inflate(_ input: UnsafeRawBufferPointer, into output: inout [UInt8], size: Int) -> Bool {
    guard size > 0 else {
      output.removeAll(keepingCapacity: true)
      return true
    }
    output.removeAll(keepingCapacity: true)
    let got = unsafe appendUninitialized(to: &output, count: size) { target in
      unsafe inflate(input, to: target) ?? 0
    }
    return got == size
  }

  private func inflate(_ input: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer)
    -> Int?
  {
    switch method {
    case .none:
      guard input.count == target.count else { return nil }
      unsafe target.copyMemory(from: input)
      return target.count
    case .zstd:
      let got = unsafe ZSTD_decompressDCtx(
        context, target.baseAddress, target.count, input.baseAddress, input.count)
      return ZSTD_isError(got) == 0 ? Int(clamping: got) : nil
    case .zlib:
      guard let base = target.baseAddress, let from = input.baseAddress else {
        return nil
      }
      var size = uLongf(target.count)
      let status = unsafe uncompress(
        base.assumingMemoryBound(to: Bytef.self), &size, from.assumingMemoryBound(to: Bytef.self),
        uLong(input.count))
      return status == Z_OK ? Int(clamping: size) : nil
    }
  }
}
