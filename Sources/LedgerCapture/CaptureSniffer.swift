import LedgerInput

/// What the first bytes of an input say about it.
enum SniffedKind: Equatable {
  case traceDat
  case perfData
  /// Compressed, or an archive.
  case packed(Packing)
  /// Something known that is no capture.
  case foreign(String)
  case text
}

/// Recognises inputs by their first bytes; file names say nothing.
enum CaptureSniffer {
  /// Bytes that decide every case.
  static let prefixSize = 4096

  private static let magics: [(bytes: [UInt8], kind: SniffedKind)] = [
    ([0x17, 0x08, 0x44] + "tracing".utf8, .traceDat),
    (Array("PERFILE2".utf8), .perfData), (Array("2ELIFREP".utf8), .perfData),
    (Array("PERFFILE".utf8), .perfData),
    ([0x1f, 0x8b], .packed(.gzip)), ([0x28, 0xb5, 0x2f, 0xfd], .packed(.zstd)),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .packed(.xz)), (Array("BZh".utf8), .packed(.bzip2)),
    ([0x04, 0x22, 0x4d, 0x18], .packed(.lz4)), ([0x02, 0x21, 0x4c, 0x18], .packed(.lz4)),
    ([0x50, 0x4b, 0x03, 0x04], .packed(.zip)),
    ([0x7f] + "ELF".utf8, .foreign("an ELF file, such as a kernel or a module")),
    (Array("SQLite format 3\0".utf8), .foreign("an SQLite database")),
    ([0x89] + "PNG".utf8, .foreign("an image")),
  ]

  /// Headers of traces, whatever the option bin or atrace -z put behind them.
  private static let textStarts = [Array("# tracer:".utf8), Array("TRACE:\n".utf8)]

  /// Judges the first bytes of an input.
  static func sniff(_ prefix: [UInt8]) -> SniffedKind {
    for (bytes, kind) in magics where prefix.starts(with: bytes) { return kind }
    if prefix.count >= 4, prefix[0] & 0xf0 == 0x50, prefix[1...3].elementsEqual([0x2a, 0x4d, 0x18])
    {
      return .packed(.zstd)
    }
    if isTarHeader(prefix) { return .packed(.tar) }
    if let packing = PstoreRecord.packing(prefix) { return .packed(packing) }
    let isText = Self.textStarts.contains { prefix.starts(with: $0) }
    guard looksBinary(prefix), !isText else { return .text }
    return .foreign(LeftOver.starts(prefix) ? LeftOver.advice : "binary data")
  }

  /// Has the magic of tar or, as archives from before POSIX lack it, the sum of the header's bytes in octal.
  private static func isTarHeader(_ prefix: [UInt8]) -> Bool {
    if prefix.count >= 262, prefix[257..<262].elementsEqual("ustar".utf8) { return true }
    guard prefix.count >= 512 else { return false }
    let field = 148..<156
    let digits = prefix[field].drop { $0 == 0x20 }.prefix { 0x30...0x37 ~= $0 }
    guard digits.count >= 4 else { return false }
    let stored = digits.reduce(0) { $0 * 8 + Int($1 & 7) }
    let sum = prefix[..<512].indices.reduce(0) {
      $0 + (field.contains($1) ? 0x20 : Int(prefix[$1]))
    }
    return stored == sum
  }

  /// Consoles put some control bytes into logs; binaries are full of them.
  private static func looksBinary(_ prefix: [UInt8]) -> Bool {
    let control = prefix.count { $0 < 0x20 && ![0x09, 0x0a, 0x0d, 0x1b, 0x08, 0x0c].contains($0) }
    return control * 10 > prefix.count
  }
}
