internal import Glibc
public import LedgerCore

extension ByteSource {
  /// Copies the rest of a pipe or of packed data to a nameless temporary file and gives that file instead.
  ///
  /// `prefix` holds the bytes already read. The file is readable by the user alone and disappears with its
  /// descriptor. Throws `cannotSpool` when the folder `$TMPDIR` (or `/tmp`) cannot hold it.
  public func spooled(prefix: [UInt8]) throws(CaptureError) -> ByteSource {
    let descriptor = try openNameless()
    var written: UInt64 = 0
    var block = prefix
    do throws(CaptureError) {
      repeat {
        try writeAll(block, to: descriptor)
        written &+= UInt64(block.count)
        block.removeAll(keepingCapacity: true)
      } while try read(into: &block, count: 1 << 18) > 0
    } catch {
      close(descriptor)
      throw error
    }
    _ = lseek(descriptor, 0, SEEK_SET)
    return ByteSource(path: path, owning: descriptor, size: written, damage: damage)
  }

  /// The bytes already read, in a nameless temporary file of their own; what follows is left to this source.
  public func stored(_ bytes: [UInt8]) throws(CaptureError) -> ByteSource {
    let descriptor = try openNameless()
    do throws(CaptureError) {
      try writeAll(bytes, to: descriptor)
    } catch {
      close(descriptor)
      throw error
    }
    _ = lseek(descriptor, 0, SEEK_SET)
    return ByteSource(
      path: path, owning: descriptor, size: UInt64(bytes.count), damage: damage)
  }
}

/// `O_TMPFILE`, with `O_DIRECTORY` in it: include/uapi/asm-generic/fcntl.h.
private let temporary: CInt = 0o20_000_000 | O_DIRECTORY

/// Makes a file in `$TMPDIR` (or `/tmp`) that disappears with its descriptor.
func openNameless() throws(CaptureError) -> CInt {
  var folder = "/tmp"
  if let named = unsafe getenv("TMPDIR"), unsafe named.pointee != 0 {
    folder = unsafe String(cString: named)
  }
  let descriptor = openNameless(in: folder)
  guard descriptor >= 0 else { throw .cannotSpool(reason: "\(folder): \(errorText(errno))") }
  return descriptor
}

/// The same in a folder; negative, with the reason in `errno`, when that cannot be.
func openNameless(in folder: String) -> CInt {
  // Without a name from the start, where the file system can: nothing is left when the process is killed.
  let unnamed = unsafe open(folder, O_RDWR | O_CLOEXEC | temporary, 0o600)
  if unnamed >= 0 { return unnamed }
  var name = Array("\(folder)/pageledger-XXXXXX".utf8CString)
  return unsafe name.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { return CInt(-1) }
    let descriptor = unsafe mkstemp(base)
    guard descriptor >= 0 else { return descriptor }
    _ = unsafe unlink(base)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }
}

/// Writes all bytes at the current place.
func writeAll(_ bytes: [UInt8], to descriptor: CInt) throws(CaptureError) {
  var done = 0
  while done < bytes.count {
    let got = unsafe bytes.withUnsafeBytes { buffer in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
      return unsafe write(descriptor, rest.baseAddress, rest.count)
    }
    if got < 0 && errno == EINTR { continue }
    guard got > 0 else { throw .cannotSpool(reason: errorText(errno)) }
    done += got
  }
}
