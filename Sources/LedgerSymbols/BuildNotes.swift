internal import LedgerInput

/// Build ids in ELF notes, as `/sys/kernel/notes` and `/sys/module/NAME/notes` of the recorded machine give them
/// (kernel/ksysfs.c:notes_read, include/uapi/linux/elf.h:elf32_note; 5.4 to 7.1).
public enum BuildNotes {
  private static let buildIDType: UInt32 = 3
  private static let owner: [UInt8] = [0x47, 0x4e, 0x55, 0]
  private static let nameLimit = 64
  private static let idLimit = 64

  /// True for bytes that begin like notes, in either byte order: a short name that ends with NUL.
  public static func begin(_ bytes: [UInt8]) -> Bool {
    bytes.withRawSpan { isSwapped($0) != nil }
  }

  /// The first build id; nil when there is none.
  public static func id(in bytes: [UInt8]) -> [UInt8]? {
    bytes.withRawSpan { find($0) }
  }

  /// nil when the bytes are no notes in either byte order.
  private static func isSwapped(_ bytes: RawSpan) -> Bool? {
    [false, true].first { swapped in
      guard bytes.byteCount >= 16 else { return false }
      let count = Int(word(bytes, 0, swapped))
      guard (2...nameLimit).contains(count), 12 + count <= bytes.byteCount,
        word(bytes, 4, swapped) < 1 << 20
      else { return false }
      return bytes.u8(11 + count) == 0 && bytes.u8(12) > 0x20 && bytes.u8(12) < 0x7f
    }
  }

  private static func word(_ bytes: RawSpan, _ at: Int, _ swapped: Bool) -> UInt32 {
    swapped ? bytes.u32(at).byteSwapped : bytes.u32(at)
  }

  private static func find(_ bytes: RawSpan) -> [UInt8]? {
    guard let swapped = isSwapped(bytes) else { return nil }
    var at = 0
    while at <= bytes.byteCount &- 12 {
      let name = Int(word(bytes, at, swapped))
      let size = Int(word(bytes, at &+ 4, swapped))
      let text = at &+ 12 &+ (name &+ 3) / 4 * 4
      guard text <= bytes.byteCount, size <= bytes.byteCount &- text else { return nil }
      let isOwn =
        name == owner.count && owner.indices.allSatisfy { bytes.u8(at &+ 12 &+ $0) == owner[$0] }
      if isOwn, word(bytes, at &+ 8, swapped) == buildIDType, (1...idLimit).contains(size) {
        return (text..<text &+ size).map { bytes.u8($0) }
      }
      at = text &+ (size &+ 3) / 4 * 4
    }
    return nil
  }
}
