import LedgerCore
import LedgerInput

/// The call chains of a text: blocks of ` => function` lines behind events, and what perf script prints behind samples.
struct TextChains {
  private(set) var table = StackTable()
  /// Lines of a block may follow.
  private(set) var isOpen = false
  /// A chain was met, so that events are remembered for those to come.
  private(set) var isTracking = false
  /// Chains of events that were given.
  private(set) var notes: [StackNote] = []
  private var target: Event?
  private var words: [UInt64] = []
  private var userWords: [UInt64] = []
  /// The open block is the user's part of a chain.
  private var isUser = false
  /// The last events of all CPUs, and which parts of their chain have come; a ring.
  private var recent: [Recent] = []
  private var next = 0

  private struct Recent {
    var event: Event
    var hasKernel = false
    var hasUser = false
  }

  /// CPUs that may write between an event and its chain.
  static let patience = 64

  /// Remembers an event; one that is not used keeps its chain from going to another.
  mutating func saw(_ event: Event) {
    if recent.count < Self.patience {
      recent.append(Recent(event: event))
    } else {
      recent[next] = Recent(event: event)
    }
    next = (next + 1) % Self.patience
  }

  /// A block begins, of the event of `context` that came last; `newest` are the last events when none was remembered yet.
  mutating func open(_ context: LineContext, isKernel: Bool, newest: [Event]) {
    close()
    isOpen = true
    target = nil
    isUser = !isKernel
    for event in newest { saw(event) }
    isTracking = true
    var place = next
    for _ in recent.indices {
      place = (place + recent.count - 1) % recent.count
      let event = recent[place].event
      guard event.pid == context.pid, Int(event.cpu) == context.cpu,
        event.context == context.context,
        !(isUser ? recent[place].hasUser : recent[place].hasKernel)
      else { continue }
      target = event.kind == .other ? nil : event
      if isUser { recent[place].hasUser = true } else { recent[place].hasKernel = true }
      return
    }
  }

  /// The frames of a sample follow; nothing is kept of one that is not used.
  mutating func openSample(_ event: Event?) {
    isTracking = true
    isOpen = true
    target = event
    isUser = false
    words.removeAll(keepingCapacity: true)
    userWords.removeAll(keepingCapacity: true)
  }

  /// The block is complete.
  mutating func close() {
    guard isOpen else { return }
    isOpen = false
    guard let event = target else { return }
    target = nil
    let number = StackTable.joined(table.number(of: words), table.userNumber(of: userWords))
    words.removeAll(keepingCapacity: true)
    userWords.removeAll(keepingCapacity: true)
    if number != 0 { notes.append(StackNote(event, stack: number)) }
  }

  /// Gives the notes of chains that are complete.
  mutating func takeNotes() -> [StackNote] {
    defer { notes.removeAll() }
    return notes
  }

  /// What stands behind ` => `: `func`, `func+0x12/0x34`, `func (ffffffff…)`, `<ffffffff…>`, `0xffffffff…`; of users
  /// `/usr/lib/libc.so.6[+0x10f9bf]`, ` <00007f…>`, or libtraceevent's `(00007f…)`.
  mutating func take(_ line: borrowing LineCursor) {
    guard target != nil, words.count < StackTable.depth, userWords.count < StackTable.depth else {
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
  mutating func takeSampleFrame(_ line: borrowing LineCursor) {
    guard target != nil, words.count < StackTable.depth else { return }
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

extension TextParser {
  /// `<stack trace>`, `<user stack trace>`: the header of a block.
  mutating func openChain(
    _ line: borrowing LineCursor, _ context: LineContext, _ batch: borrowing EventBatch
  ) {
    guard detail == .replay else { return }
    // libtraceevent prints the first frame of a user's chain behind the name of the record.
    let isBare = line.starts(with: .bareFrame)
    let isUser = isBare || line.starts(with: .userStack)
    guard isUser || line.starts(with: .kernelStack) else { return }
    chains.open(context, isKernel: !isUser, newest: newest(batch))
    if isBare { chains.take(LineCursor(line.bytes, from: line.at &+ 2, to: line.end)) }
  }

  /// A frame of a sample of perf script.
  mutating func sampleFrame(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ batch: borrowing EventBatch
  ) {
    guard detail == .replay else { return }
    if !chains.isOpen, !chains.isTracking { chains.openSample(newest(batch).last) }
    if chains.isOpen { chains.takeSampleFrame(LineCursor(bytes, from: start, to: end)) }
  }

  /// The events that were just read, oldest first, as far back as the replay uses each: the first chain of a text belongs to one of them.
  private func newest(_ batch: borrowing EventBatch) -> [Event] {
    guard !chains.isTracking, let last = batch.events.last else { return [] }
    var expected = last.ordinal
    guard UInt32(truncatingIfNeeded: info.eventsRead) &- expected <= 1 else { return [] }
    var found: [Event] = []
    for event in batch.events.reversed() {
      guard event.ordinal == expected, found.count < TextChains.patience else { break }
      found.append(event)
      expected &-= 1
    }
    return found.reversed()
  }
}

extension StaticText {
  fileprivate static let kernelStack = StaticText("<stack trace")
  fileprivate static let userStack = StaticText("<user stack trace")
  fileprivate static let bareFrame = StaticText("=> (")
  /// Before the file of a frame of perf script.
  fileprivate static let fileMark = StaticText(" (")
}
