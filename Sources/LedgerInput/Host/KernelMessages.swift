internal import Glibc

/// What the kernel prints from now on. Documentation/ABI/testing/dev-kmsg
public final class KernelMessages {
  private let descriptor: CInt
  private static let recordSize = 8192

  /// Nil when `/dev/kmsg` may not be read.
  public init?() {
    descriptor = unsafe open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    _ = lseek(descriptor, 0, SEEK_END)
  }

  deinit { close(descriptor) }

  /// The next message's text; nil when there is none yet.
  public func next() -> String? {
    while true {
      var record: [UInt8] = []
      let got = unsafe appendUninitialized(to: &record, count: Self.recordSize) { target in
        unsafe read(descriptor, target.baseAddress, target.count)
      }
      // EPIPE: messages were overwritten before they were read.
      if got < 0, errno == EINTR || errno == EPIPE { continue }
      guard got > 0 else { return nil }
      guard let start = record.firstIndex(of: UInt8(ascii: ";")) else { continue }
      let text = record[(start + 1)...].prefix { $0 != 0x0a }
      return String(decoding: text, as: UTF8.self)
    }
  }
}
