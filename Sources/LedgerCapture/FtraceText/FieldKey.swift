import LedgerInput

extension EventBody {
  /// The field names of page_ref and kmem events.
  enum Key {
    case pfn, flags, count, mapcount, mapping, mt, val, ret, page, order, migratetype, gfpFlags
    case unknown

    /// Moves behind the next `name=`; nil at the end of the line.
    ///
    /// First letter and length tell the names of one event apart; a name that is none of
    /// them and agrees in both does not occur in these events.
    @inline(__always)
    static func next(_ line: inout LineCursor) -> Key? {
      while true {
        line.skipSpaces()
        guard !line.isAtEnd else { return nil }
        let start = line.at
        while line.at < line.end, line.byte != 0x3d, !Ascii.isSpace(line.byte) { line.at &+= 1 }
        guard line.skip(0x3d) else { continue }
        return named(line.bytes.u64(start), count: line.at &- start &- 1)
      }
    }

    @inline(__always)
    private static func named(_ word: UInt64, count: Int) -> Key {
      switch (UInt8(truncatingIfNeeded: word), count) {
      case (0x70, 3): .pfn
      case (0x70, 4): .page
      case (0x66, 5): .flags
      case (0x63, 5): .count
      case (0x6d, 8): .mapcount
      case (0x6d, 7): .mapping
      case (0x6d, 2): .mt
      case (0x6d, 11): .migratetype
      case (0x76, 3): .val
      case (0x72, 3): .ret
      case (0x6f, 5): .order
      case (0x67, 9): .gfpFlags
      default: .unknown
      }
    }
  }
}
