import LedgerInput

/// Names of events by their first bytes, as they stand at the start of a body: `page_ref_mod: `.
///
/// It spares the search for the colon and the hash of the name, which a text repeats on each line.
struct NamePrefixes {
  /// Bytes of name, colon and space.
  private static let longest = 32

  private struct Entry {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var masks: (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// Bytes of the name; 0 when nothing was learnt.
    var count = 0
    var row = 0
  }

  private var entries = [Entry](repeating: Entry(), count: 256)

  /// The row of the name at `at`, which moves behind its colon; nil when the bytes are not known.
  @inline(__always)
  func row(_ text: borrowing WideText, _ at: inout Int, _ end: Int) -> Int? {
    let first = text.word(at)
    let second = text.word(at &+ 8)
    let slot = Self.slot(first, second)
    let words = entries[slot].words
    let masks = entries[slot].masks
    let others =
      (first ^ words.0) | (second & masks.0 ^ words.1)
      | (text.word(at &+ 16) & masks.1 ^ words.2) | (text.word(at &+ 24) & masks.2 ^ words.3)
    guard others == 0, entries[slot].count > 0, end &- at >= Self.longest else { return nil }
    at &+= entries[slot].count &+ 1
    return entries[slot].row
  }

  /// Takes a name of `count` bytes that is followed by a colon and a space.
  mutating func learn(_ row: Int, _ bytes: RawSpan, at start: Int, count: Int, end: Int) {
    guard count >= 6, count &+ 2 <= Self.longest, end &- start >= Self.longest,
      bytes.u8(start &+ count &+ 1) == 0x20, let text = WideText(bytes)
    else { return }
    let masks = (
      Self.mask(count &+ 2 &- 8), Self.mask(count &+ 2 &- 16), Self.mask(count &+ 2 &- 24)
    )
    var entry = Entry()
    entry.words = (
      text.word(start), text.word(start &+ 8) & masks.0, text.word(start &+ 16) & masks.1,
      text.word(start &+ 24) & masks.2
    )
    entry.masks = masks
    entry.count = count
    entry.row = row
    entries[Self.slot(text.word(start), text.word(start &+ 8))] = entry
  }

  @inline(__always)
  private static func slot(_ first: UInt64, _ second: UInt64) -> Int {
    let mixed = (first &* 0xff51_afd7_ed55_8ccd ^ second) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed &>> 56)
  }

  @inline(__always)
  private static func mask(_ count: Int) -> UInt64 { LinePrefixes.mask(count) }
}
