import LedgerInput

/// What consoles, loggers and mail programs put before a line of the kernel.
///
/// kernel/printk/printk.c:info_print_prefix, 6.1, for `<6>`, `[  707.310658]` and `[ T123]`; the others are those of syslog,
/// of `dmesg -T` and `dmesg -x`, of journalctl and of the machines that record serial lines.
enum Dressing {
  /// Rounds of stripping: no real line wears more.
  private static let roundLimit = 12

  /// Offset of the first byte behind the dressing and its spaces; `isDressed` when there was more than
  /// spaces and marks of quotation.
  static func strip(_ bytes: RawSpan, from start: Int, to end: Int) -> (at: Int, isDressed: Bool) {
    var line = LineCursor(bytes, from: start, to: end)
    var isDressed = false
    for _ in 0..<roundLimit {
      skipQuotes(&line)
      guard !line.isAtEnd, piece(&line) else { break }
      isDressed = true
    }
    return (line.at, isDressed)
  }

  private static func skipQuotes(_ line: inout LineCursor) {
    while !line.isAtEnd, Ascii.isSpace(line.byte) || line.byte == 0x3e || line.byte == 0x0d {
      line.at &+= 1
    }
  }

  /// Passes one piece of dressing; the cursor stays where it was when there is none.
  private static func piece(_ line: inout LineCursor) -> Bool {
    let start = line.at
    let isPassed =
      switch line.byte {
      case 0x3c: level(&line)
      case 0x5b: bracket(&line)
      case 0x30...0x39: isoDate(&line)
      case 0x41...0x5a: syslog(&line)
      case 0x6b: facility(&line)
      default: false
      }
    if !isPassed { line.at = start }
    return isPassed
  }

  /// `<6>`
  private static func level(_ line: inout LineCursor) -> Bool {
    line.at &+= 1
    let digits = line.at
    guard line.decimal() != nil, line.at &- digits <= 3 else { return false }
    return line.skip(0x3e)
  }

  /// `[  707.310658]`
  static func stamp(_ line: inout LineCursor) -> Bool {
    guard line.skip(0x5b) else { return false }
    line.skipSpaces()
    guard line.decimal() != nil, line.skip(0x2e) else { return false }
    let digits = line.at
    guard line.decimal() != nil, line.at &- digits >= 3, line.at &- digits <= 9 else {
      return false
    }
    return line.skip(0x5d)
  }

  /// What stands in brackets: a stamp, `[ T123]` of a task or `[  C2]` of an interrupt (CONFIG_PRINTK_CALLER),
  /// or the date of `dmesg -T`.
  private static func bracket(_ line: inout LineCursor) -> Bool {
    let start = line.at
    if stamp(&line) { return true }
    line.at = start
    if caller(&line) { return true }
    line.at = start
    return date(&line)
  }

  private static func caller(_ line: inout LineCursor) -> Bool {
    guard line.skip(0x5b) else { return false }
    line.skipSpaces()
    guard line.skip(0x54) || line.skip(0x43) else { return false }
    return line.decimal() != nil && line.skip(0x5d)
  }

  /// `[Mon Jan  1 00:00:00 2024]`
  private static func date(_ line: inout LineCursor) -> Bool {
    guard line.skip(0x5b), letters(&line, 3), line.skip(0x20), letters(&line, 3) else {
      return false
    }
    line.skipSpaces()
    guard line.decimal() != nil, line.skip(0x20), clock(&line), line.skip(0x20) else {
      return false
    }
    return line.decimal() != nil && line.skip(0x5d)
  }

  /// Offset of the next stamp in `start ..< end`, with its level: where another line begins on a torn one.
  static func nextStamp(_ bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    var from = start
    while let hit = bytes.firstOffset(of: 0x5b, from: from, to: end) {
      var line = LineCursor(bytes, from: hit, to: end)
      if stamp(&line) {
        let isLevelled =
          hit &- 3 >= start && bytes.u8(hit &- 1) == 0x3e && bytes.u8(hit &- 3) == 0x3c
          && Ascii.isDigit(bytes.u8(hit &- 2))
        return isLevelled ? hit &- 3 : hit
      }
      from = hit &+ 1
    }
    return nil
  }

  /// `2024-05-02T10:11:12.123456Z`, `2024-05-02 10:11:12`, `10:11:12.123`, and a host's name behind it.
  private static func isoDate(_ line: inout LineCursor) -> Bool {
    let start = line.at
    if line.decimal() != nil, line.at &- start == 4, line.skip(0x2d) {
      guard line.decimal() != nil, line.skip(0x2d), line.decimal() != nil else { return false }
      guard line.skip(0x54) || line.skip(0x20) else { return false }
    } else {
      line.at = start
    }
    guard clock(&line) else { return false }
    line.skipWord()
    skipHost(&line)
    return true
  }

  /// `10:11:12` with or without a fraction.
  private static func clock(_ line: inout LineCursor) -> Bool {
    for _ in 0..<2 {
      let start = line.at
      guard line.decimal() != nil, line.at &- start == 2, line.skip(0x3a) else { return false }
    }
    let start = line.at
    guard line.decimal() != nil, line.at &- start == 2 else { return false }
    if line.skip(0x2e) || line.skip(0x2c) { _ = line.decimal() }
    return true
  }

  /// `Nov 21 13:00:00 host kernel: `
  private static func syslog(_ line: inout LineCursor) -> Bool {
    guard letters(&line, 3), line.skip(0x20) else { return false }
    line.skipSpaces()
    guard line.decimal() != nil, line.skip(0x20), clock(&line) else { return false }
    skipHost(&line)
    return true
  }

  /// Passes `host kernel: ` if it is next.
  private static func skipHost(_ line: inout LineCursor) {
    let start = line.at
    for _ in 0..<3 {
      line.skipSpaces()
      let isKernel = line.starts(with: Word.kernel)
      let word = line.at
      line.skipWord()
      if isKernel, line.at > word, line.bytes.u8(line.at &- 1) == 0x3a { return }
    }
    line.at = start
  }

  /// `kern  :emerg : ` of `dmesg -x`.
  private static func facility(_ line: inout LineCursor) -> Bool {
    guard line.starts(with: Word.facility) else { return false }
    line.skipWord()
    for _ in 0..<2 {
      line.skipSpaces()
      guard line.skip(0x3a) else { return false }
      while !line.isAtEnd, line.byte | 0x20 >= 0x61, line.byte | 0x20 <= 0x7a { line.at &+= 1 }
    }
    return true
  }

  private static func letters(_ line: inout LineCursor, _ count: Int) -> Bool {
    for _ in 0..<count {
      guard !line.isAtEnd, (line.byte | 0x20) &- 0x61 < 26 else { return false }
      line.at &+= 1
    }
    return true
  }

  private enum Word {
    static let kernel = StaticText("kernel")
    static let facility = StaticText("kern ")
  }
}
