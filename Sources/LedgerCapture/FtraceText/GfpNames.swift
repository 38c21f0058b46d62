import LedgerCore
import LedgerInput

/// Turns `gfp_flags=` as printed into bits.
///
/// Only `__GFP_COMP` has the same bit in every kernel (include/linux/gfp_types.h, 5.4 to 7.1); the others are
/// those of 5.4 to 6.6 and serve people, not rules.
struct GfpNames {
  /// The bits and whether they are all known.
  struct Value {
    var bits: UInt64 = 0
    var gaps: Event.Gaps = []
  }

  /// Captures use a few dozen combinations; a hostile one is parsed each time.
  private var seen = ByteTable(limit: 1024)
  private var values: [Value] = []

  /// The value of the bytes in `start ..< end`.
  @inline(__always)
  mutating func value(_ bytes: RawSpan, from start: Int, to end: Int) -> Value {
    let count = end &- start
    guard count > 0 else { return Value(gaps: .gfp) }
    let hash = ByteTable.hash(bytes, at: start, count: count)
    if let index = seen.find(bytes, at: start, count: count, hash: hash) { return values[index] }
    let value = Self.parse(bytes, start, end)
    if seen.insert(bytes, at: start, count: count, hash: hash) != nil { values.append(value) }
    return value
  }

  private static func parse(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Value {
    var value = Value()
    var from = start
    while from < end {
      let bar = bytes.firstOffset(of: 0x7c, from: from, to: end) ?? end
      if let bits = bits(bytes, from, bar) {
        value.bits |= bits
      } else {
        value.gaps = .gfp
      }
      from = bar &+ 1
    }
    return value
  }

  private static func bits(_ bytes: RawSpan, _ start: Int, _ end: Int) -> UInt64? {
    var cursor = LineCursor(bytes, from: start, to: end)
    if Ascii.isDigit(cursor.byte) {
      guard let number = cursor.number(), cursor.isAtEnd else { return nil }
      return number
    }
    return table[bytes.text(from: start, to: min(end, start &+ 64))]
  }

  private static let table: [String: UInt64] = {
    let reclaim: UInt64 = 0xc00
    let kernel = reclaim | 0xc0
    let user = kernel | 0x100000
    let movable = user | 0x2 | 0x8
    let huge = movable | GfpFlags.compound | 0x80000 | 0x2000
    return [
      "none": 0, "GFP_TRANSHUGE": huge, "GFP_TRANSHUGE_LIGHT": huge & ~reclaim,
      "GFP_HIGHUSER_MOVABLE": movable, "GFP_HIGHUSER": user | 0x2, "GFP_USER": user,
      "GFP_KERNEL_ACCOUNT": kernel | 0x400000, "GFP_KERNEL": kernel, "GFP_NOFS": reclaim | 0x40,
      "GFP_ATOMIC": 0xa20, "GFP_NOIO": reclaim, "GFP_NOWAIT": 0x800, "GFP_DMA": 0x1,
      "GFP_DMA32": 0x4, "GFP_TEMPORARY": kernel | 0x10, "__GFP_DMA": 0x1, "__GFP_HIGHMEM": 0x2,
      "__GFP_DMA32": 0x4, "__GFP_MOVABLE": 0x8, "__GFP_RECLAIMABLE": 0x10, "__GFP_HIGH": 0x20,
      "__GFP_IO": 0x40, "__GFP_FS": 0x80, "__GFP_ZERO": 0x100, "__GFP_ATOMIC": 0x200,
      "__GFP_DIRECT_RECLAIM": 0x400, "__GFP_KSWAPD_RECLAIM": 0x800, "__GFP_RECLAIM": reclaim,
      "__GFP_WRITE": 0x1000, "__GFP_NOWARN": 0x2000, "__GFP_RETRY_MAYFAIL": 0x4000,
      "__GFP_REPEAT": 0x4000, "__GFP_NOFAIL": 0x8000, "__GFP_NORETRY": 0x10000,
      "__GFP_MEMALLOC": 0x20000, "__GFP_COMP": GfpFlags.compound, "__GFP_NOMEMALLOC": 0x80000,
      "__GFP_HARDWALL": 0x100000, "__GFP_THISNODE": 0x200000, "__GFP_ACCOUNT": 0x400000,
      "__GFP_ZEROTAGS": 0x800000, "__GFP_SKIP_ZERO": 0x1000000, "__GFP_SKIP_KASAN": 0x2000000,
      "__GFP_SKIP_KASAN_POISON": 0x2000000, "__GFP_SKIP_KASAN_UNPOISON": 0x1000000,
      "__GFP_NOLOCKDEP": 0x4000000, "__GFP_NO_OBJ_EXT": 0, "__GFP_NOTRACK": 0, "__GFP_COLD": 0,
      "__GFP_OTHER_NODE": 0,
    ]
  }()
}
