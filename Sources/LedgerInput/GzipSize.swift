internal import CZlib

/// How many bytes gzip would make of some: upload limits are counted so.
public enum GzipSize {
  /// The size at zlib's default level, with gzip's frame; the size itself when zlib has no memory.
  public static func of(_ bytes: [UInt8]) -> Int {
    // zlib keeps the address of its stream.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    defer { unsafe stream.deallocate() }
    // 16 beyond the largest window asks for gzip's frame.
    let status = unsafe deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { return bytes.count }
    defer { unsafe deflateEnd(stream) }
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var size = 0
    var start = 0
    repeat {
      let piece = min(1 << 20, bytes.count - start)
      let flush = start + piece == bytes.count ? Z_FINISH : Z_NO_FLUSH
      let made = unsafe bytes.withUnsafeBufferPointer { source in
        unsafe room.withUnsafeMutableBufferPointer { target in
          unsafe deflate(
            stream, UnsafeBufferPointer(rebasing: source[start..<start + piece]), flush, target)
        }
      }
      size += made
      start += piece
    } while start < bytes.count
    return size
  }

  /// Feeds a piece and throws away what comes out; gives how much it was.
  private static func deflate(
    _ stream: UnsafeMutablePointer<z_stream>, _ piece: UnsafeBufferPointer<UInt8>, _ flush: Int32,
    _ target: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
    unsafe stream.pointee.avail_in = uInt(piece.count)
    var made = 0
    var left = 0
    repeat {
      unsafe stream.pointee.next_out = target.baseAddress
      unsafe stream.pointee.avail_out = uInt(target.count)
      let status = unsafe CZlib.deflate(stream, flush)
      left = Int(unsafe stream.pointee.avail_out)
      made += target.count - left
      guard status == Z_OK || status == Z_BUF_ERROR else { break }
    } while left == 0
    return made
  }
}
