import LedgerInput

/// Lines of the kernel's log as syslog servers and Android's logcat hand them on.
extension Dressing {
  /// `1 2026-11-21T20:24:23.003Z host kernel - - - ` (RFC 5424, section 6), the priority before it taken off already.
  static func syslogRecord(
    _ line: inout LineCursor, from version: Int, _ dress: inout Dress
  ) -> Bool {
    line.at = version
    guard line.decimal() != nil, line.at &- version <= 2, line.skip(0x20) else { return false }
    if !line.skip(0x2d) {
      let year = line.at
      guard line.decimal() != nil, line.at &- year == 4, line.skip(0x2d), line.decimal() != nil,
        line.skip(0x2d), line.decimal() != nil, line.skip(0x54), clock(&line)
      else { return false }
      line.skipWord()
    }
    var isKernel = false
    // Host, program, process and kind of message.
    for field in 0..<4 {
      guard line.skip(0x20), !line.isAtBreak else { return false }
      if field == 1 { isKernel = line.starts(with: LoggerWord.kernel) }
      line.skipWord()
    }
    guard line.skip(0x20), skipStructuredData(&line) else { return false }
    _ = line.skip(0x20)
    if line.starts(with: LoggerWord.byteOrderMark) { line.at &+= LoggerWord.byteOrderMark.count }
    dress.isKernel = dress.isKernel || isKernel
    return true
  }

  /// `-`, or `[id key="value" …]` once or several times.
  private static func skipStructuredData(_ line: inout LineCursor) -> Bool {
    if line.skip(0x2d) { return true }
    let start = line.at
    while line.skip(0x5b) {
      var isQuoted = false
      while !line.isAtEnd, isQuoted || line.byte != 0x5d {
        if line.byte == 0x22 { isQuoted.toggle() }
        line.at &+= line.byte == 0x5c && line.at &+ 1 < line.end ? 2 : 1
      }
      guard line.skip(0x5d) else { return false }
    }
    return line.at > start
  }

  /// What `logcat -b kernel` prints before a message, in its formats brief, tag, process, time and threadtime.
  ///
  /// system/logging/liblog/logprint.cpp:android_log_formatLogLine, Android 15.
  static func android(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    let start = line.at
    let isDate = monthAndDay(&line)
    if !isDate {
      line.at = start
      if !seconds(&line) { line.at = start }
    }
    skipZone(&line)
    let behind = line.at
    line.skipSpaces()
    let place = line.at
    if levelAndTag(&line, &dress) { return true }
    line.at = place
    if threadsAndTag(&line, &dress) { return true }
    line.at = place
    if behind > start {
      // The option uid.
      line.skipWord()
      line.skipSpaces()
      if threadsAndTag(&line, &dress) { return true }
    }
    line.at = behind
    return isDate
  }

  /// `11-21 20:24:23.003`
  private static func monthAndDay(_ line: inout LineCursor) -> Bool {
    let start = line.at
    guard line.decimal() != nil, line.at &- start == 2, line.skip(0x2d) else { return false }
    let day = line.at
    return line.decimal() != nil && line.at &- day == 2 && line.skip(0x20) && clock(&line)
  }

  /// `1763756663.003`, the options epoch and monotonic.
  private static func seconds(_ line: inout LineCursor) -> Bool {
    line.decimal() != nil && line.skip(0x2e) && line.decimal() != nil && line.isAtBreak
  }

  /// ` +0100`, when it is next.
  static func skipZone(_ line: inout LineCursor) {
    let start = line.at
    guard line.skip(0x20), line.skip(0x2b) || line.skip(0x2d), line.decimal() != nil,
      line.at &- start == 6, line.isAtBreak
    else { return line.at = start }
  }

  /// `W/kernel  (    0): `, `W/kernel: ` and `W(    0) `.
  private static func levelAndTag(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    guard isLevel(line) else { return false }
    line.at &+= 1
    if line.byte == 0x28 {
      guard let process = process(&line), line.skip(0x20), process == 0 else { return false }
      takeTail(line, &dress)
      dress.isKernel = true
      return true
    }
    guard line.skip(0x2f) else { return false }
    let tag = line.at
    while !line.isAtEnd, line.byte != 0x28, line.byte != 0x3a { line.at &+= 1 }
    let end = line.at
    let process = line.byte == 0x28 ? process(&line) : nil
    guard line.skip(0x3a), line.isAtBreak else { return false }
    return take(&line, tag, end, isKernels: process == 0, &dress)
  }

  /// `    0     0 W kernel  : `
  private static func threadsAndTag(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    guard let process = line.decimal(), line.isAtBreak else { return false }
    line.skipSpaces()
    guard let thread = line.decimal(), line.skip(0x20), isLevel(line) else { return false }
    line.at &+= 1
    guard line.skip(0x20) else { return false }
    let tag = line.at
    while !line.isAtEnd, line.byte != 0x3a { line.at &+= 1 }
    let end = line.at
    guard line.skip(0x3a), line.isAtBreak else { return false }
    return take(&line, tag, end, isKernels: process == 0 && thread == 0, &dress)
  }

  /// logd takes the first word of some messages for their tag: then it belongs to them.
  private static func take(
    _ line: inout LineCursor, _ tag: Int, _ end: Int, isKernels: Bool, _ dress: inout Dress
  ) -> Bool {
    var word = LineCursor(line.bytes, from: tag, to: end)
    word.skipSpaces()
    let isPlain = word.isAtEnd
    var isKernel = word.starts(with: LoggerWord.kernel)
    if isKernel {
      word.skipWord()
      isKernel = word.isBlank
    }
    guard isPlain && isKernels || isKernel || isKernels else { return false }
    if !isPlain, !isKernel { line.at = tag }
    dress.isKernel = true
    return true
  }

  private static func isLevel(_ line: borrowing LineCursor) -> Bool {
    guard !line.isAtEnd else { return false }
    switch line.byte {
    case 0x56, 0x44, 0x49, 0x57, 0x45, 0x46, 0x53: return true
    default: return false
    }
  }

  /// `(    0)`
  private static func process(_ line: inout LineCursor) -> UInt64? {
    guard line.skip(0x28) else { return nil }
    line.skipSpaces()
    guard let number = line.decimal(), line.skip(0x29) else { return nil }
    return number
  }

  /// `  (kernel)` at the end of a line in the format process.
  private static func takeTail(_ line: borrowing LineCursor, _ dress: inout Dress) {
    let tail = LoggerWord.tail
    let start = line.end &- tail.count
    guard start > line.at, LineCursor(line.bytes, from: start, to: line.end).starts(with: tail)
    else { return }
    dress.end = start
  }

  private enum LoggerWord {
    static let kernel = StaticText("kernel")
    static let byteOrderMark = StaticText("\u{feff}")
    static let tail = StaticText("  (kernel)")
  }
}
