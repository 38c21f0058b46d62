import LedgerInput

/// What a line wore before its words.
struct Dress {
  /// Offset of the first byte behind the dressing and its spaces.
  var at = 0
  /// There was more than spaces and marks of quotation.
  var isDressed = false
  /// Only the kernel's log is dressed like this.
  var isKernel = false
  /// The words stand in quotes of a list in YAML.
  var isQuoted = false
  /// Where the words end before the line does, in a record of another program.
  var end: Int?
  /// printk's time in nanoseconds since boot.
  var time: UInt64?
  /// Who printed the line, when the kernel says so.
  var caller: LogCaller?
}

/// Who printed a line (CONFIG_PRINTK_CALLER): a task, or a CPU in an interrupt.
enum LogCaller: Equatable {
  case task(Int32)
  case cpu(Int)
}

/// What consoles, loggers and mail programs put before a line of the kernel.
///
/// kernel/printk/printk.c:info_print_prefix, 6.1, for `<6>`, `[  707.310658]` and `[ T123]`; the others are those of syslog,
/// of `dmesg -T` and `dmesg -x`, of journalctl and of the machines that record serial lines.
enum Dressing {
  /// Rounds of stripping: no real line wears more.
  private static let roundLimit = 12

  /// Takes the dressing off the line in `start ..< end`.
  static func strip(_ bytes: RawSpan, from start: Int, to end: Int) -> Dress {
    var line = LineCursor(bytes, from: start, to: end)
    var dress = Dress()
    for _ in 0..<roundLimit {
      skipQuotes(&line)
      guard !line.isAtEnd, piece(&line, &dress) else { break }
      dress.isDressed = true
    }
    dress.at = line.at
    return dress
  }

  private static func skipQuotes(_ line: inout LineCursor) {
    while !line.isAtEnd, Ascii.isSpace(line.byte) || line.byte == 0x3e || line.byte == 0x0d {
      line.at &+= 1
    }
  }

  /// Passes one piece of dressing; the cursor stays where it was when there is none.
  static func piece(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    let start = line.at
    var isPassed =
      switch line.byte {
      case 0x3c: level(&line)
      case 0x5b: bracket(&line, &dress)
      case 0x30...0x39:
        kmsg(&line, &dress) || syslogRecord(&line, from: start, &dress)
          || isoDate(&line, from: start, &dress)
          || unixTime(&line, from: start, &dress)
      case 0x22, 0x7b: object(&line, &dress)
      case 0x41...0x5a: exported(&line) || syslog(&line, &dress)
      case 0x6b: facility(&line, &dress)
      case 0x2d: listItem(&line, &dress)
      default: false
      }
    if !isPassed {
      line.at = start
      if line.byte < 0x5b { isPassed = android(&line, &dress) }
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

  /// `[  707.310658]`: the time in nanoseconds, and how many digits its fraction has.
  private static func stamp(_ line: inout LineCursor) -> (time: UInt64, digits: Int)? {
    guard line.skip(0x5b) else { return nil }
    line.skipSpaces()
    guard let seconds = line.decimal(), line.skip(0x2e) else { return nil }
    let start = line.at
    guard var fraction = line.decimal(), line.at &- start >= 3, line.at &- start <= 9 else {
      return nil
    }
    let digits = line.at &- start
    // `dmesg -d` adds the time since the line before.
    if line.skip(0x20), line.skip(0x3c) {
      line.skipSpaces()
      guard line.decimal() != nil, line.skip(0x2e), line.decimal() != nil else { return nil }
      _ = line.skip(0x20)
      guard line.skip(0x3e) else { return nil }
    }
    guard line.skip(0x5d) else { return nil }
    for _ in digits..<9 { fraction &*= 10 }
    let (whole, over) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(fraction)
    return (over || carry ? .max : sum, digits)
  }

  /// What stands in brackets: a stamp, `[ T123]` of a task or `[  C2]` of an interrupt (CONFIG_PRINTK_CALLER),
  /// or the date of `dmesg -T` and of recorders.
  private static func bracket(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    let start = line.at
    if let stamp = stamp(&line) {
      // Other programs write three digits.
      dress.isKernel = dress.isKernel || stamp.digits == 6
      dress.time = stamp.time == .max ? nil : stamp.time
      skipHost(&line, &dress, words: 2)
      return true
    }
    line.at = start
    if let caller = caller(&line) {
      dress.caller = caller
      return true
    }
    line.at = start
    if date(&line) {
      dress.isKernel = true
      return true
    }
    line.at = start &+ 1
    if difference(&line) {
      dress.isKernel = true
      return true
    }
    return isoDate(&line, from: start &+ 1, &dress)
  }

  private static func caller(_ line: inout LineCursor) -> LogCaller? {
    guard line.skip(0x5b) else { return nil }
    line.skipSpaces()
    let isTask = line.skip(0x54)
    guard isTask || line.skip(0x43) else { return nil }
    guard let number = line.decimal(), let id = Int32(exactly: number), line.skip(0x5d) else {
      return nil
    }
    return isTask ? .task(id) : .cpu(Int(id))
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
  static func nextStamp(
    _ bytes: RawSpan, from start: Int, to end: Int, isKernels: Bool = false
  ) -> Int? {
    var from = start
    while let hit = bytes.firstOffset(of: 0x5b, from: from, to: end) {
      var line = LineCursor(bytes, from: hit, to: end)
      if let stamp = stamp(&line), !isKernels || stamp.digits == 6 {
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
  private static func isoDate(
    _ line: inout LineCursor, from start: Int, _ dress: inout Dress
  ) -> Bool {
    line.at = start
    if line.decimal() != nil, line.at &- start == 4, line.skip(0x2d) {
      guard line.decimal() != nil, line.skip(0x2d), line.decimal() != nil else { return false }
      guard line.skip(0x54) || line.skip(0x20) else { return false }
    } else {
      line.at = start
    }
    guard clock(&line) else { return false }
    line.skipWord()
    skipZone(&line)
    skipHost(&line, &dress, words: 3)
    return true
  }

  /// `1700000000.123456 host kernel: ` of journalctl.
  private static func unixTime(
    _ line: inout LineCursor, from start: Int, _ dress: inout Dress
  ) -> Bool {
    line.at = start
    guard line.decimal() != nil, line.at &- start >= 9, line.skip(0x2e) else { return false }
    guard line.decimal() != nil, !line.isAtEnd, Ascii.isSpace(line.byte) else { return false }
    let behind = line.at
    skipHost(&line, &dress, words: 3)
    return line.at > behind
  }

  /// `10:11:12` with or without a fraction.
  static func clock(_ line: inout LineCursor) -> Bool {
    for _ in 0..<2 {
      let start = line.at
      guard line.decimal() != nil, line.at &- start == 2, line.skip(0x3a) else { return false }
    }
    let start = line.at
    guard line.decimal() != nil, line.at &- start == 2 else { return false }
    if line.skip(0x2e) || line.skip(0x2c) { _ = line.decimal() }
    return true
  }

  /// `Nov 21 13:00:00 host kernel: `, `Thu 2026-11-21 13:00:00 UTC host kernel: `,
  /// `Sat Nov 21 13:00:00 2026 kern.warn kernel: ` of logread.
  private static func syslog(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    guard letters(&line, 3), line.skip(0x20) else { return false }
    let start = line.at
    if isoDate(&line, from: start, &dress) { return true }
    line.at = start
    if letters(&line, 3), line.skip(0x20) {} else { line.at = start }
    line.skipSpaces()
    guard line.decimal() != nil, line.skip(0x20), clock(&line) else { return false }
    let time = line.at
    if line.skip(0x20), line.decimal() != nil, line.at &- time == 5, line.isAtBreak {
    } else {
      line.at = time
    }
    skipHost(&line, &dress, words: 3)
    return true
  }

  /// Passes `host kernel: ` if it is next, within so many words.
  private static func skipHost(_ line: inout LineCursor, _ dress: inout Dress, words: Int) {
    let start = line.at
    for _ in 0..<words {
      line.skipSpaces()
      let isKernel = line.starts(with: Word.kernel)
      let word = line.at
      line.skipWord()
      if isKernel, line.at > word, line.bytes.u8(line.at &- 1) == 0x3a {
        dress.isKernel = true
        return
      }
    }
    line.at = start
  }

  /// `kern  :emerg : ` of `dmesg -x`, and `kernel: `, which is left of syslog's line.
  private static func facility(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    if line.starts(with: Word.kernelsWord) {
      line.at &+= Word.kernelsWord.count
      dress.isKernel = true
      return true
    }
    guard line.starts(with: Word.facility) else { return false }
    line.skipWord()
    for _ in 0..<2 {
      line.skipSpaces()
      guard line.skip(0x3a) else { return false }
      while !line.isAtEnd, line.byte | 0x20 >= 0x61, line.byte | 0x20 <= 0x7a { line.at &+= 1 }
    }
    dress.isKernel = true
    return true
  }

  /// `- {"dt": "2026-05-02T10:11:12.123456", "lvl": "target", "msg": "` of LAVA.
  private static func listItem(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    guard line.starts(with: Word.item) else { return false }
    let limit = min(line.end, line.at &+ 160)
    for message in Word.messages {
      guard let hit = message.firstOffset(in: line.bytes, from: line.at, to: limit) else {
        continue
      }
      line.at = hit &+ message.count
      dress.isQuoted = true
      return true
    }
    return false
  }

  static func letters(_ line: inout LineCursor, _ count: Int) -> Bool {
    for _ in 0..<count {
      guard !line.isAtEnd, (line.byte | 0x20) &- 0x61 < 26 else { return false }
      line.at &+= 1
    }
    return true
  }

  private enum Word {
    static let kernel = StaticText("kernel")
    static let kernelsWord = StaticText("kernel: ")
    static let facility = StaticText("kern ")
    static let item = StaticText("- {")
    static let messages = ["msg\": \"", "msg: '", "msg: \""].map { StaticText($0) }
  }
}
