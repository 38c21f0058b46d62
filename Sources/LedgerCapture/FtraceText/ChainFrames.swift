import LedgerCore
import LedgerInput

/// The frames of one call chain of a text, as words of a table, and how their lines are taken apart.
struct ChainFrames {
  /// The chains of the text, and the names in them.
  private(set) var table = StackTable()
  private var words: [UInt64] = []
  private var userWords: [UInt64] = []

  /// The number of the chain so far, 0 when it is empty.
  var number: UInt32 {
    mutating get { StackTable.joined(table.number(of: words), table.userNumber(of: userWords)) }
  }

  /// Another chain begins.
  mutating func clear() {
    words.removeAll(keepingCapacity: true)
    userWords.removeAll(keepingCapacity: true)
  }

  /// What stands behind ` => `: `func`, `func+0x12/0x34`, `func (ffffffff…)`, `<ffffffff…>`, `0xffffffff…`; of users
  /// `/usr/lib/libc.so.6[+0x10f9bf]`, ` <00007f…>`, or libtraceevent's `(00007f…)`.
  mutating func take(_ line: borrowing LineCursor, isUser: Bool) {
    guard words.count < StackTable.depth, userWords.count < StackTable.depth else {
      return
    }
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    cursor.skipSpaces()
    if cursor.byte == 0x3c || isUser && cursor.byte == 0x28 { cursor.at &+= 1 }
    if let address = Self.address(cursor) {
      // The rest of a fixed room is zeros.
      if isUser { if address != 0 { userWords.append(address) } } else { words.append(address) }
      return
    }
    if isUser { takePlace(cursor) } else { takeName(cursor) }
  }

  /// A line of perf script: `ffffffff… func+0x12 ([kernel.kallsyms])`; what is no code of the kernel ends the chain.
  mutating func takeSample(_ line: borrowing LineCursor) {
    guard words.count < StackTable.depth else { return }
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    cursor.skipSpaces()
    guard let address = cursor.bareHex(), Ascii.isSpace(cursor.byte) else { return }
    cursor.skipSpaces()
    guard address >> 63 == 1 || Self.isKernel(cursor) else { return userFrame(cursor, address) }
    if cursor.isAtEnd || cursor.byte == 0x5b || cursor.byte == 0x28 {
      return words.append(address)
    }
    takeName(cursor)
  }

  /// A place in a user's file: kernel/trace/trace_output.c:seq_print_user_ip (6.1).
  private mutating func takePlace(_ line: borrowing LineCursor) {
    let limit = min(line.end, line.at &+ 4096)
    guard let bracket = line.bytes.firstOffset(of: 0x5b, from: line.at, to: limit) else { return }
    var offset = LineCursor(line.bytes, from: bracket &+ 1, to: line.end)
    guard offset.skip(0x2b), let place = offset.hex() else { return }
    let start = Self.fileStart(line.bytes, line.at, bracket)
    guard bracket > start, bracket &- start <= 256 else { return }
    addUser(line.bytes, name: start..<bracket, offset: place, file: bracket..<bracket)
  }

  /// A user's frame of perf script: `ioctl+0x3b (/usr/lib/libc.so.6)`, `[unknown] (/usr/bin/x)`.
  private mutating func userFrame(_ line: borrowing LineCursor, _ address: UInt64) {
    guard userWords.count < StackTable.depth else { return }
    var end = line.end
    while end > line.at, Ascii.isSpace(line.bytes.u8(end &- 1)) { end &-= 1 }
    let open = StaticText.fileMark.firstOffset(in: line.bytes, from: line.at, to: end)
    let stop = open ?? end
    // The end of an unwound chain.
    guard address != 0 else { return }
    guard line.byte != 0x5b, stop > line.at, stop &- line.at <= 512 else {
      return userWords.append(address)
    }
    var nameEnd = stop
    while nameEnd > line.at, line.bytes.u8(nameEnd &- 1) != 0x2b { nameEnd &-= 1 }
    var offset: UInt64?
    if nameEnd > line.at {
      var cursor = LineCursor(line.bytes, from: nameEnd, to: stop)
      offset = cursor.hex()
      nameEnd = offset != nil && cursor.at == stop ? nameEnd &- 1 : stop
    } else {
      nameEnd = stop
    }
    var file = end..<end
    if let open, end &- open > 3 {
      file = Self.fileStart(line.bytes, open &+ 2, end &- 1)..<(end &- 1)
      if line.bytes.u8(file.lowerBound) == 0x5b { file = end..<end }
    }
    addUser(line.bytes, name: line.at..<nameEnd, offset: offset, file: file)
  }

  private mutating func addUser(
    _ bytes: RawSpan, name: Range<Int>, offset: UInt64?, file: Range<Int>
  ) {
    var hash: UInt64 = 0x6c62_272e_07bb_0142
    for at in name { hash = (hash ^ UInt64(bytes.u8(at))) &* 0x100_0000_01b3 }
    hash = (hash ^ 0x09) &* 0x100_0000_01b3
    for at in file { hash = (hash ^ UInt64(bytes.u8(at))) &* 0x100_0000_01b3 }
    userWords.append(
      table.word(hash: hash, offset: offset) {
        let word = bytes.text(from: name.lowerBound, to: name.upperBound)
        guard !file.isEmpty else { return word }
        return word + "\t" + bytes.text(from: file.lowerBound, to: file.upperBound)
      })
  }

  /// Behind the last slash of a path.
  private static func fileStart(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = end
    while at > start, bytes.u8(at &- 1) != 0x2f { at &-= 1 }
    return at
  }

  /// What a return probe prints before ` <- `: the word of who called the function.
  mutating func caller(_ line: borrowing LineCursor) -> UInt64 {
    Self.address(line) ?? nameWord(line) ?? 0
  }

  private mutating func takeName(_ line: borrowing LineCursor) {
    if let word = nameWord(line) { words.append(word) }
  }

  private mutating func nameWord(_ line: borrowing LineCursor) -> UInt64? {
    let start = line.at
    var end = start
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    while end < line.end, end &- start < 256 {
      let byte = line.bytes.u8(end)
      guard byte > 0x20, byte != 0x2b else { break }
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      end &+= 1
    }
    guard end > start else { return nil }
    var cursor = LineCursor(line.bytes, from: end, to: line.end)
    let offset = cursor.skip(0x2b) ? cursor.hex() : nil
    let bytes = line.bytes
    return table.word(hash: hash, offset: offset) { bytes.text(from: start, to: end) }
  }

  /// A word that is nothing but an address.
  private static func address(_ line: borrowing LineCursor) -> UInt64? {
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    let hasPrefix = cursor.skipPrefix()
    let start = cursor.at
    guard let value = cursor.bareHex(), hasPrefix || cursor.at &- start >= 8 else { return nil }
    return cursor.isAtBreak || cursor.byte == 0x3e ? value : nil
  }

  /// perf names the kernel, a module in brackets, or the file of either.
  private static func isKernel(_ line: borrowing LineCursor) -> Bool {
    kernelMarks.contains { $0.firstOffset(in: line.bytes, from: line.at, to: line.end) != nil }
  }

  private static let kernelMarks = [
    StaticText("([kernel"), StaticText("vmlinux"), StaticText(".ko)"), StaticText("([guest.kernel"),
  ]
}

extension StaticText {
  /// Before the file of a frame of perf script.
  fileprivate static let fileMark = StaticText(" (")
}
