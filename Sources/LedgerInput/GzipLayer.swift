internal import CZlib
internal import LedgerCore

/// Inflates gzip members (RFC 1952) one after another, with their checksums; zero bytes may follow a member. Of the other forms of
/// zlib one stream is inflated, whatever follows it.
///
/// zlib is used directly because libarchive 3.6 does not look at the checksums of gzip.
@safe final class GzipLayer: ByteLayer, @unchecked Sendable {
  private let input: PackedInput
  /// zlib keeps a pointer to it, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isInMember = true
  private var isDone = false
  private let isGzip: Bool

  init(_ input: PackedInput, _ form: Packing = .gzip) throws(CaptureError) {
    self.input = input
    isGzip = form == .gzip
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let status = unsafe inflateInit2_(
      stream, form.windowBits, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw .unsupported(path: input.path, what: "\(form.rawValue) data")
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var filled = 0
    while filled < target.count, !isDone {
      if input.isEmpty {
        // What is there goes out first, so that a slow pipe is not waited for.
        if filled > 0 { break }
        guard try input.refill() else {
          isDone = true
          if isInMember { input.noteTruncated(at: input.offset) }
          break
        }
      }
      guard isInMember || enterMember() else { continue }
      filled += unsafe step(.init(rebasing: target[filled...]))
    }
    return filled
  }

  /// Looks behind a member: another one, padding, or something else that ends the data.
  private func enterMember() -> Bool {
    let padding = unsafe input.unread.prefix { $0 == 0 }.count
    input.consume(padding)
    guard let first = unsafe input.unread.first else { return false }
    guard first == 0x1f else {
      input.noteCorrupt(at: input.offset, "something else follows")
      isDone = true
      return false
    }
    isInMember = unsafe inflateReset(stream) == Z_OK
    isDone = !isInMember
    return isInMember
  }

  private func step(_ target: UnsafeMutableRawBufferPointer) -> Int {
    let from = unsafe input.unread
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: from.baseAddress?.assumingMemoryBound(to: Bytef.self))
    unsafe stream.pointee.avail_in = uInt(clamping: from.count)
    unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
    unsafe stream.pointee.avail_out = uInt(clamping: target.count)
    let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
    unsafe input.consume(from.count - Int(stream.pointee.avail_in))
    switch status {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END:
      isInMember = false
      isDone = !isGzip
    default:
      let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      input.noteCorrupt(at: input.offset, reason ?? "error \(status)")
      isDone = true
    }
    return unsafe target.count - Int(stream.pointee.avail_out)
  }
}
