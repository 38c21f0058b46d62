internal import Glibc
public import LedgerCore
internal import Synchronization

/// An open file, pipe or standard input that gives its bytes in order, and at any offset when it is a file;
/// or what comes out of such a source when its packing is taken off.
///
/// read(2) into a reused buffer is faster here than mmap(2), works on pipes, and a file that shrinks while
/// it is read gives a short read instead of SIGBUS.
public final class ByteSource: Sendable {
  /// As the user named it, `-` for standard input.
  public let path: String
  /// Size in bytes, nil for pipes, devices and packed data.
  public let size: UInt64?
  private let descriptor: CInt
  private let layer: BoundedLayer?
  /// What was lost while packing was taken off; the same account for all layers and for a spooled copy.
  public let damage: DamageLog

  /// Milliseconds after which a pipe that waits looks whether it is to stop.
  private static let patience: Int32 = 200

  /// What a pipe has given so far, when it was opened to be summed.
  private let sum: Mutex<SHA256>
  private let isSummed: Bool

  /// Opens a file for reading; `-` is standard input. `sums` adds up the checksum of a pipe as it is read; that of a file can be
  /// had afterwards.
  public convenience init(path: String, sums: Bool = false) throws(CaptureError) {
    guard path != "-" else {
      try self.init(path: path, descriptor: 0, sums: sums)
      return
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: errorText(errno)) }
    try self.init(path: path, descriptor: descriptor, sums: sums)
  }

  private init(path: String, descriptor: CInt, sums: Bool) throws(CaptureError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .cannotOpen(path: path, reason: errorText(errno))
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else {
      throw .cannotOpen(path: path, reason: errorText(EISDIR))
    }
    self.path = path
    self.descriptor = descriptor
    self.layer = nil
    self.damage = DamageLog()
    self.size = kind == S_IFREG ? UInt64(max(0, status.st_size)) : nil
    sum = Mutex(SHA256())
    isSummed = sums && kind != S_IFREG
  }

  /// Takes over an open descriptor of a regular file, as the spool does.
  init(path: String, owning descriptor: CInt, size: UInt64, damage: DamageLog) {
    self.path = path
    self.descriptor = descriptor
    self.layer = nil
    self.damage = damage
    self.size = size
    sum = Mutex(SHA256())
    isSummed = false
  }

  /// What a layer of packing gives.
  init(path: String, layer: BoundedLayer, damage: DamageLog) {
    self.path = path
    self.descriptor = -1
    self.layer = layer
    self.damage = damage
    self.size = nil
    sum = Mutex(SHA256())
    isSummed = false
  }

  deinit { if descriptor > 2 { close(descriptor) } }

  /// True when `read(into:count:at:)` may be used.
  public var isSeekable: Bool { size != nil }

  /// True for a pipe or a device, which may go on for hours.
  public var isLive: Bool { layer == nil && size == nil }

  /// False when nothing comes within `milliseconds` from a pipe that is still open; true when bytes, or the end, are there.
  public func isReady(within milliseconds: Int32) -> Bool {
    guard layer == nil, size == nil else { return true }
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let got = unsafe poll(&request, 1, milliseconds)
    return got > 0 || got < 0 && errno != EINTR
  }

  /// Appends up to `count` bytes from the current position to `buffer`; returns how many, 0 at the end.
  public func read(into buffer: inout [UInt8], count: Int) throws(CaptureError) -> Int {
    try unsafe append(to: &buffer, count: count) { target throws(CaptureError) in
      try unsafe read(to: target)
    }
  }

  /// Appends up to `count` bytes from `offset`; fewer only at the end of the file.
  public func read(into buffer: inout [UInt8], count: Int, at offset: UInt64) throws(CaptureError)
    -> Int
  {
    var total = 0
    while total < count, let place = off_t(exactly: offset &+ UInt64(total)) {
      let got = try unsafe append(to: &buffer, count: count - total) {
        target throws(CaptureError) in
        try retry(offset: UInt64(place)) {
          unsafe pread(descriptor, target.baseAddress, target.count, place)
        }
      }
      guard got > 0 else { break }
      total += got
    }
    return total
  }

  /// Fills memory from the current position; returns how many bytes, 0 at the end.
  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    guard target.count > 0 else { return 0 }
    if let layer { return try unsafe layer.read(to: target) }
    while isLive, !isReady(within: Self.patience) {
      guard !StopRequest.isMade else { return 0 }
    }
    let got = try retry(offset: 0) {
      unsafe Glibc.read(descriptor, target.baseAddress, target.count)
    }
    if isSummed {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: target[..<got])
      sum.withLock { unsafe $0.update(bytes) }
    }
    return got
  }

  /// Goes on to the next byte of a sparse file that was ever written, when the current position lies in a hole.
  func skipHole() {
    guard layer == nil, let size else { return }
    let place = lseek(descriptor, 0, SEEK_CUR)
    guard place >= 0, let data = off_t(exactly: nextData(from: UInt64(place)) ?? size) else {
      return
    }
    lseek(descriptor, data, SEEK_SET)
  }

  /// The first offset from `offset` on that lies in no hole of a sparse file; nil when a hole goes on to the end.
  public func nextData(from offset: UInt64) -> UInt64? {
    guard layer == nil, size != nil, let place = off_t(exactly: offset) else { return offset }
    let old = lseek(descriptor, 0, SEEK_CUR)
    defer { lseek(descriptor, old, SEEK_SET) }
    // SEEK_DATA, which glibc names for GNU programs only: include/uapi/linux/fs.h.
    let data = lseek(descriptor, place, 3)
    return data >= 0 ? UInt64(data) : errno == ENXIO ? nil : offset
  }

  /// The checksum of what a pipe has given so far.
  var summed: SHA256 { sum.withLock { $0 } }

  private func retry(offset: UInt64, _ call: () -> Int) throws(CaptureError) -> Int {
    while true {
      let got = call()
      if got >= 0 { return got }
      guard errno == EINTR else {
        throw .readFailed(path: path, offset: offset, reason: errorText(errno))
      }
    }
  }

  private func append(
    to buffer: inout [UInt8], count: Int,
    _ fill: (UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int
  ) throws(CaptureError) -> Int {
    var failure: CaptureError?
    let got = unsafe appendUninitialized(to: &buffer, count: count) { target in
      do throws(CaptureError) {
        return try unsafe fill(target)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return got
  }
}

/// Grows `buffer` by what `fill` writes, without clearing the memory first; returns what `fill` returned.
func appendUninitialized(
  to buffer: inout [UInt8], count: Int, fill: (UnsafeMutableRawBufferPointer) -> Int
) -> Int {
  var got = 0
  buffer.append(addingCapacity: count) { span in
    unsafe span.withUnsafeMutableBufferPointer { room, filled in
      let bytes = UnsafeMutableRawBufferPointer(room)
      got = unsafe fill(.init(rebasing: bytes[filled..<(filled + count)]))
      filled += max(0, min(got, count))
    }
  }
  return got
}

/// The C library's words for an error number.
func errorText(_ code: CInt) -> String {
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}
