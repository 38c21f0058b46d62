internal import CZlib

/// Records that the kernel kept over a crash, as /sys/fs/pstore shows them.
///
/// fs/pstore/platform.c:pstore_dump, 6.12: each begins with a line such as `Panic#2 Part1`; the first part is the newest. Where
/// the kernel that reads them could not inflate one, it gives the packed bytes and the name ends in `.enc.z`.
public enum PstoreRecord {
  /// Longest first line that is looked for.
  private static let reach = 64

  /// The first line of a record, nil when `bytes` do not begin with one.
  public static func header(_ bytes: some Collection<UInt8>) -> Header? {
    let line = bytes.prefix(reach).prefix { $0 != 0x0a }
    guard line.count < reach else { return nil }
    let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard words.count == 2, words[1].starts(with: "Part".utf8),
      let part = number(words[1].dropFirst(4)), let mark = words[0].firstIndex(of: 0x23),
      number(words[0][words[0].index(after: mark)...]) != nil
    else { return nil }
    let reason = words[0][..<mark]
    guard reason.count >= 2, reason.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 }) else { return nil }
    return Header(
      dump: String(decoding: words[0], as: UTF8.self), part: part,
      size: line.count + (line.count < bytes.count ? 1 : 0))
  }

  /// What stands in the first line of a record.
  public struct Header: Sendable, Equatable {
    /// `Panic#2`: why and how often this boot had dumped its log.
    public var dump: String
    /// 1 is the newest.
    public var part: Int
    /// Bytes of the line with its newline.
    public var size: Int
  }

  /// How a packed record whose first bytes are `prefix` can be inflated; nil when it is none.
  public static func packing(_ prefix: [UInt8]) -> Packing? {
    for form in [Packing.deflate, .zlib] {
      if header(start(of: prefix, as: form)) != nil { return form }
    }
    return nil
  }

  /// The first bytes of what `prefix` inflates to.
  private static func start(of prefix: [UInt8], as form: Packing) -> [UInt8] {
    var stream = unsafe z_stream()
    let status = unsafe inflateInit2_(
      &stream, form.windowBits, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { return [] }
    defer { unsafe inflateEnd(&stream) }
    var packed = prefix
    return unsafe packed.withUnsafeMutableBufferPointer { input in
      unsafe [UInt8](unsafeUninitializedCapacity: reach) { room, count in
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = uInt(clamping: input.count)
        unsafe stream.next_out = room.baseAddress
        unsafe stream.avail_out = uInt(clamping: room.count)
        _ = unsafe CZlib.inflate(&stream, Z_SYNC_FLUSH)
        count = unsafe room.count - Int(stream.avail_out)
      }
    }
  }

  private static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard (1...6).contains(digits.count), digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 & 15) }
  }
}
