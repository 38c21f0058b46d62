import LedgerCore
import LedgerFormat
import LedgerInput

/// The parts that v6 files hold in a row and v7 files hold a section each.
extension TraceDatLayout {
  /// `header_page` and `header_event`.
  mutating func readHeaders(_ cursor: inout ByteCursor, path: String) throws(CaptureError) {
    let start = cursor.offset
    guard try cursor.bytes(12, "header_page") == Array("header_page\0".utf8) else {
      throw .headerCorrupt(path: path, offset: start, what: "header_page")
    }
    let text = try cursor.bytes(try cursor.u64("header_page"), "header_page")
    if let header = PageHeader(text: text) {
      page = header
    } else {
      losses.add(.malformedSection, detail: "header_page at offset \(start)")
      page = PageHeader(size: pageSize)
    }
    _ = try cursor.bytes(13, "header_event")
    try cursor.skip(try cursor.u64("header_event"), "header_event")
  }

  /// Everything from the headers to the tasks' names, as v6 files and the tracing data of perf.data hold it in a row.
  mutating func readDescriptions(_ cursor: inout ByteCursor, path: String, hasComms: Bool)
    throws(CaptureError)
  {
    try readHeaders(&cursor, path: path)
    try readBuiltins(&cursor, path: path)
    try readFormats(&cursor, path: path)
    let symbols = UInt64(try cursor.u32("size of kallsyms"))
    if symbols > 0 {
      let place = cursor
      symbolText = SymbolText(at: cursor.offset) { () throws(CaptureError) in
        var cursor = place
        return try cursor.bytes(symbols, "kallsyms")
      }
    }
    try cursor.skip(symbols, "kallsyms")
    try cursor.skip(UInt64(try cursor.u32("size of printk_formats")), "printk_formats")
    guard hasComms else { return }
    readComms(try cursor.bytes(try cursor.u64("size of cmdlines"), "cmdlines"))
  }

  /// Formats of the `ftrace` group.
  mutating func readBuiltins(_ cursor: inout ByteCursor, path: String) throws(CaptureError) {
    for _ in 0..<(try count(&cursor, "ftrace formats", path)) {
      try readFormat(&cursor, system: "ftrace")
    }
  }

  /// Formats of all other groups.
  mutating func readFormats(_ cursor: inout ByteCursor, path: String) throws(CaptureError) {
    for _ in 0..<(try count(&cursor, "event groups", path)) {
      let system = try cursor.string("name of an event group")
      for _ in 0..<(try count(&cursor, "events of a group", path)) {
        try readFormat(&cursor, system: system)
        guard formats.count <= Self.formatLimit else {
          throw .headerCorrupt(path: path, offset: cursor.offset, what: "a list of event formats")
        }
      }
    }
  }

  /// The ids of events have 16 bits.
  private static let formatLimit = 1 << 16

  private func count(_ cursor: inout ByteCursor, _ what: String, _ path: String)
    throws(CaptureError) -> UInt32
  {
    let offset = cursor.offset
    let count = try cursor.u32("number of \(what)")
    guard count <= Self.formatLimit else {
      throw .headerCorrupt(path: path, offset: offset, what: "a list of \(count) \(what)")
    }
    return count
  }

  private mutating func readFormat(_ cursor: inout ByteCursor, system: String)
    throws(CaptureError)
  {
    let offset = cursor.offset
    let size = try cursor.u64("size of an event format")
    let text = try cursor.bytes(size, "event format")
    if let format = EventFormat(text: text, system: system) {
      formats.append(format)
    } else {
      losses.add(.malformedFormat, detail: "\(system) format at offset \(offset)")
    }
  }

  /// `PID COMM` lines; of two for one task the last counts.
  mutating func readComms(_ text: [UInt8]) {
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let blank = line.firstIndex(of: 0x20) else { continue }
      let pid = String(decoding: line[..<blank], as: UTF8.self)
      guard let pid = Int32(pid) else { continue }
      comms[pid] = String(decoding: line[(blank + 1)...].prefix(64), as: UTF8.self)
    }
  }

  /// Takes what an option says; false for options whose data is a place in the file.
  mutating func takeOption(_ id: UInt16, _ data: [UInt8]) {
    switch id {
    case 1:
      guard let date = Self.integer(data) else { break }
      time.offset &+= date &* 1000
    case 2: takeStatistics(data)
    case 4:
      kernelClock = Self.activeClock(data) ?? kernelClock
      clock = Self.activeClock(data) ?? clock
    case 5:
      let words = Self.text(data).split(separator: " ")
      kernel = words.count > 2 ? String(words[2]) : Self.text(data)
    case 7: time.offset &+= Self.integer(data) ?? 0
    case 8:
      if let count = cpuCount(data) { cpus = count }
    case 14:
      guard data.count >= 8 else { break }
      time.multiplier = number(Array(data[0..<4]))
      time.shift = number(Array(data[4..<8]))
    case 12: takeHostClock(data)
    case 13:
      // A guest's name, the number of its session, and which host tasks run its CPUs.
      guard guests.count < Self.guestLimit else { break }
      guests.append(Self.text(Array(data.prefix(Self.nameLimit))))
    case 0...25: break
    default: losses.add(.unknownSection, detail: "option \(id) of \(data.count) bytes")
    }
  }

  private static let guestLimit = 256
  private static let nameLimit = 256

  /// The statistics of an instance's CPUs stand behind a text that names it.
  private mutating func takeStatistics(_ data: [UInt8]) {
    if let found = CpuStatistics(text: data, instance: statisticsOf) {
      statistics.append(found)
      return
    }
    let words = Self.text(data).split { $0 == "\n" || $0 == " " }
    guard words.count >= 2, words[0] == "Buffer:" else { return }
    statisticsOf = String(words[1].prefix(Self.nameLimit))
  }

  private mutating func takeHostClock(_ data: [UInt8]) {
    var cursor = ByteCursor(data, path: "", bigEndian: bigEndian)
    do throws(CaptureError) {
      time.host = try HostClock(&cursor)
    } catch {
      losses.add(.malformedSection, detail: "the option with the host's clock")
    }
  }

  /// Another writer used the option for thread groups: only a plausible count is one.
  func cpuCount(_ data: [UInt8]) -> Int? {
    guard data.count == 4 else { return nil }
    let count = number(data)
    return count > 0 && count <= 1 << 16 ? Int(count) : nil
  }

  private func number(_ data: [UInt8]) -> UInt32 {
    let value = data.withRawSpan { $0.u32(0) }
    return bigEndian ? value.byteSwapped : value
  }

  /// The bracketed word of a `trace_clock` file, or its only word.
  static func activeClock(_ data: [UInt8]) -> String? {
    let text = text(data)
    let words = text.split { $0 == " " || $0 == "\n" }
    if let active = words.first(where: { $0.hasPrefix("[") && $0.hasSuffix("]") }) {
      return String(active.dropFirst().dropLast())
    }
    return words.count == 1 ? String(words[0]) : nil
  }

  /// Bytes up to a NUL.
  static func text(_ data: [UInt8]) -> String {
    String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A number as strtoll(3) with base 0 takes it; negative ones as their two's complement.
  static func integer(_ data: [UInt8]) -> UInt64? {
    var words = text(data)[...]
    while words.first == " " { words.removeFirst() }
    let isNegative = words.first == "-"
    if isNegative || words.first == "+" { words.removeFirst() }
    var radix = 10
    if words.hasPrefix("0x") || words.hasPrefix("0X") {
      words = words.dropFirst(2)
      radix = 16
    } else if words.hasPrefix("0"), words.count > 1 {
      radix = 8
    }
    let digits = words.prefix { $0.isHexDigit }
    guard let value = UInt64(digits, radix: radix) else { return nil }
    return isNegative ? 0 &- value : value
  }
}
