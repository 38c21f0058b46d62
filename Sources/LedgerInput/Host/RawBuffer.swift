internal import CRecord
internal import Glibc

/// One CPU's ring buffer on its way to a nameless file.
public final class RawBuffer {
  /// Number of the CPU.
  public let cpu: Int
  /// Bytes saved.
  public private(set) var size: UInt64 = 0
  private let raw: CInt
  private var file: CInt
  private let folder: String
  private let pipeIn: CInt
  private let pipeOut: CInt
  private let unit: Int

  /// Opens `per_cpu/cpuN/trace_pipe_raw` of an instance; `unit` is the size of a sub-buffer, `folder` where the data goes.
  public init(cpu: Int, path: String, unit: Int, folder: String) throws(WriteError) {
    self.cpu = cpu
    self.unit = unit
    self.folder = folder
    raw = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { throw .failed(reason: "\(path): \(errorText(errno))") }
    file = openNameless(in: folder)
    let ends = ChildProcess.pipe()
    (pipeOut, pipeIn) = (ends?.from ?? -1, ends?.to ?? -1)
    guard file >= 0, ends != nil else {
      let reason = errorText(errno)
      for descriptor in [raw, file, pipeIn, pipeOut] where descriptor >= 0 { close(descriptor) }
      throw .failed(reason: "\(folder): \(reason)")
    }
  }

  deinit { for descriptor in [raw, file, pipeIn, pipeOut] { close(descriptor) } }

  /// Saves the sub-buffers that are full; what is being filled stays.
  public func drain() throws(WriteError) {
    while true {
      let moved = crecord_move(raw, pipeIn, pipeOut, file, unit)
      guard moved >= 0 else { throw .failed(reason: "cannot save the trace: \(errorText(errno))") }
      guard moved > 0 else { return }
      size &+= UInt64(moved)
    }
  }

  /// Saves the rest, when nothing is recorded any more.
  public func finish() throws(WriteError) {
    try drain()
    while true {
      var bytes: [UInt8] = []
      let got = unsafe appendUninitialized(to: &bytes, count: unit) { target in
        unsafe read(raw, target.baseAddress, target.count)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return }
      // A file of sub-buffers has whole ones only.
      bytes += [UInt8](repeating: 0, count: unit - bytes.count)
      try writeAll(bytes, to: file, name: "")
      size &+= UInt64(bytes.count)
    }
  }

  /// Forgets what was saved, for the next dump, which gets a file of its own.
  public func reset() throws(WriteError) {
    let fresh = openNameless(in: folder)
    guard fresh >= 0 else { throw .failed(reason: "\(folder): \(errorText(errno))") }
    close(file)
    (file, size) = (fresh, 0)
  }

  /// Saved bytes from an offset.
  func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    guard let place = off_t(exactly: offset) else { return [] }
    while true {
      let got = unsafe appendUninitialized(to: &bytes, count: count) { target in
        unsafe pread(file, target.baseAddress, target.count, place)
      }
      if got < 0, errno == EINTR { continue }
      return bytes
    }
  }
}
