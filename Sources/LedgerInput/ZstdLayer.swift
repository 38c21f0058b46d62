internal import CZstd
internal import LedgerCore

/// Inflates zstd frames one after another (RFC 8878), skippable ones included.
///
/// libzstd is used directly because libarchive 3.6 refuses windows above 128 MiB; here they may be as long as
/// the format of the command line tool allows, 2 GiB, and take memory only as data fills them.
@safe final class ZstdLayer: ByteLayer, @unchecked Sendable {
  private static let windowLog: CInt = 31
  /// Shortest input that tells how long a frame's header is.
  private static let headerStart = 5

  private let input: PackedInput
  private let context: OpaquePointer
  private var isInFrame = false
  /// Bytes up to the end of the next block. libzstd gets no more at once, as a call that fails gives nothing.
  private var wanted = headerStart
  /// The last call filled its memory, so that more may wait inside.
  private var isPending = false
  private var isDone = false

  init(_ input: PackedInput) throws(CaptureError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw .unsupported(path: input.path, what: "zstd data")
    }
    self.input = input
    unsafe self.context = context
    unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var filled = 0
    while filled < target.count, !isDone {
      if input.isEmpty, !isPending {
        // What is there goes out first, so that a slow pipe is not waited for.
        if filled > 0 { break }
        guard try input.refill() else {
          isDone = true
          if isInFrame { input.noteTruncated(at: input.offset) }
          break
        }
      }
      filled += unsafe step(.init(rebasing: target[filled...]))
    }
    return filled
  }

  private func step(_ target: UnsafeMutableRawBufferPointer) -> Int {
    let unread = unsafe input.unread
    let fed = min(unread.count, wanted)
    var from = unsafe ZSTD_inBuffer(src: unread.baseAddress, size: fed, pos: 0)
    var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    let status = unsafe ZSTD_decompressStream(context, &to, &from)
    unsafe input.consume(from.pos)
    if ZSTD_isError(status) != 0 {
      let reason = unsafe ZSTD_getErrorName(status).map { unsafe String(cString: $0) }
      input.noteCorrupt(at: input.offset, reason ?? "damaged")
      isDone = true
      return 0
    }
    isInFrame = status != 0
    wanted = isInFrame ? max(1, Int(clamping: status)) : Self.headerStart
    isPending = unsafe isInFrame && to.pos == to.size
    return unsafe to.pos
  }
}
