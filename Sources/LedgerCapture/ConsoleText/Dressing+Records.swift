import LedgerInput

/// Lines of the kernel's log inside records of other programs.
extension Dressing {
  /// Bytes of a record in which its message is looked for.
  private static let recordLimit = 4096

  /// `4,9034,101002666,-,caller=T216;` of /dev/kmsg and of netconsole, which may put the release before it
  /// (kernel/printk/printk.c:info_print_ext_header, 6.1).
  static func kmsg(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    let limit = min(line.end, line.at &+ 200)
    guard let end = line.bytes.firstOffset(of: 0x3b, from: line.at, to: limit),
      let comma = line.bytes.firstOffset(of: 0x2c, from: line.at, to: end)
    else { return false }
    if line.bytes.firstOffset(of: 0x2e, from: line.at, to: comma) != nil { line.at = comma &+ 1 }
    guard line.decimal() != nil, line.skip(0x2c), line.decimal() != nil, line.skip(0x2c),
      let time = line.decimal(), line.skip(0x2c)
    else { return false }
    let (scaled, over) = time.multipliedReportingOverflow(by: 1000)
    dress.time = over ? nil : scaled
    if let caller = RecordWord.caller.firstOffset(in: line.bytes, from: line.at, to: end) {
      var word = LineCursor(line.bytes, from: caller &+ RecordWord.caller.count, to: end)
      let isTask = word.skip(0x54)
      if isTask || word.skip(0x43), let id = word.decimal().flatMap({ Int32(exactly: $0) }) {
        dress.caller = isTask ? .task(id) : .cpu(Int(id))
      }
    }
    line.at = end &+ 1
    dress.isKernel = true
    return true
  }

  /// `MESSAGE=` of `journalctl -o export`.
  static func exported(_ line: inout LineCursor) -> Bool {
    guard line.starts(with: RecordWord.exported) else { return false }
    line.at &+= RecordWord.exported.count
    return true
  }

  /// `{…, "MESSAGE" : "` of `journalctl -o json`, `"msg": "` of `dmesg --json`, `{"log":"` of containers.
  static func object(_ line: inout LineCursor, _ dress: inout Dress) -> Bool {
    let start = line.at
    let limit = min(line.end, start &+ recordLimit)
    for key in RecordWord.keys {
      guard let hit = key.firstOffset(in: line.bytes, from: start, to: limit) else { continue }
      line.at = hit &+ key.count
      while !line.isAtEnd, Ascii.isSpace(line.byte) || line.byte == 0x3a { line.at &+= 1 }
      guard line.skip(0x22) else { continue }
      dress.end = endOfString(line)
      let isKernel = RecordWord.kernels.contains {
        $0.firstOffset(in: line.bytes, from: start, to: limit) != nil
      }
      dress.isKernel = dress.isKernel || isKernel
      return true
    }
    return false
  }

  /// The quote that no backslash escapes, without a newline before it.
  private static func endOfString(_ line: borrowing LineCursor) -> Int {
    var at = line.at
    while at < line.end, line.bytes.u8(at) != 0x22 {
      at &+= line.bytes.u8(at) == 0x5c ? 2 : 1
    }
    at = min(at, line.end)
    let hasNewline =
      at &- 2 >= line.at && line.bytes.u8(at &- 2) == 0x5c && line.bytes.u8(at &- 1) == 0x6e
    return hasNewline ? at &- 2 : at
  }

  /// `[  +0.000123]`, `[<    0.000000>]` and `[Jan12 03:04]` of `dmesg -H` and `-d`; the cursor stands behind the bracket.
  static func difference(_ line: inout LineCursor) -> Bool {
    line.skipSpaces()
    if line.skip(0x2b) || line.skip(0x3c) {
      line.skipSpaces()
      guard line.decimal() != nil, line.skip(0x2e), line.decimal() != nil else { return false }
      _ = line.skip(0x3e)
      return line.skip(0x5d)
    }
    guard letters(&line, 3) else { return false }
    line.skipSpaces()
    guard line.decimal() != nil, line.skip(0x20), line.decimal() != nil, line.skip(0x3a),
      line.decimal() != nil
    else { return false }
    return line.skip(0x5d)
  }

  private enum RecordWord {
    static let caller = StaticText("caller=")
    static let exported = StaticText("MESSAGE=")
    static let keys = ["\"MESSAGE\"", "\"msg\"", "\"log\""].map { StaticText($0) }
    static let kernels = ["\"_TRANSPORT\":\"kernel\"", "\"_TRANSPORT\" : \"kernel\""]
      .map { StaticText($0) }
  }
}
