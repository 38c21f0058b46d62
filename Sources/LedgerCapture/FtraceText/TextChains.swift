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
  /// The last events of all CPUs, and whether their chain is still to come; a ring.
  private var recent: [Event] = []
  private var next = 0
  /// CPUs that may write between an event and its chain.
  static let patience = 64

  /// Remembers an event; one that is not used keeps its chain from going to another.
  mutating func saw(_ event: Event) {
    if recent.count < Self.patience {
      recent.append(event)
    } else {
      recent[next] = event
    }
    next = (next + 1) % Self.patience
  }

  /// A block begins, of the event of `context` that came last; `newest` are the last events when none was remembered yet.
  mutating func open(_ context: LineContext, isKernel: Bool, newest: [Event]) {
    close()
    isOpen = true
    target = nil
    guard isKernel else { return }
    for event in newest { saw(event) }
    isTracking = true
    var place = next
    for _ in recent.indices {
      place = (place + recent.count - 1) % recent.count
      let event = recent[place]
      guard event.pid == context.pid, Int(event.cpu) == context.cpu,
        event.context == context.context
      else { continue }
      target = event.kind == .other ? nil : event
      recent[place].pid = .min
      return
    }
  }

  /// The frames of a sample follow; nothing is kept of one that is not used.
  mutating func openSample(_ event: Event?) {
    isTracking = true
    isOpen = true
    target = event
    words.removeAll(keepingCapacity: true)
  }

  /// The block is complete.
  mutating func close() {
    guard isOpen else { return }
    isOpen = false
    guard let event = target, !words.isEmpty else { return }
    target = nil
    let number = table.number(of: words)
    words.removeAll(keepingCapacity: true)
    if number != 0 { notes.append(StackNote(event, stack: number)) }
  }

  /// Gives the notes of chains that are complete.
  mutating func takeNotes() -> [StackNote] {
    defer { notes.removeAll() }
    return notes
  }

  /// What stands behind ` => `: `func`, `func+0x12/0x34`, `func (ffffffff…)`, `<ffffffff…>`, `0xffffffff…`.
  mutating func take(_ line: borrowing LineCursor) {
    guard target != nil, words.count < StackTable.depth else { return }
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    cursor.skipSpaces()
    if cursor.byte == 0x3c { cursor.at &+= 1 }
    if let address = Self.address(cursor) { return words.append(address) }
    takeName(cursor)
  }

  /// A line of perf script: `ffffffff… func+0x12 ([kernel.kallsyms])`; what is no code of the kernel ends the chain.
  mutating func takeSampleFrame(_ line: borrowing LineCursor) {
    guard target != nil, words.count < StackTable.depth else { return }
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    cursor.skipSpaces()
    guard let address = cursor.bareHex(), Ascii.isSpace(cursor.byte) else { return }
    cursor.skipSpaces()
    guard address >> 63 == 1 || Self.isKernel(cursor) else { return }
    if cursor.isAtEnd || cursor.byte == 0x5b || cursor.byte == 0x28 {
      return words.append(address)
    }
    takeName(cursor)
  }

  private mutating func takeName(_ line: borrowing LineCursor) {
    let start = line.at
    var end = start
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    while end < line.end, end &- start < 256 {
      let byte = line.bytes.u8(end)
      guard byte > 0x20, byte != 0x2b else { break }
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      end &+= 1
    }
    guard end > start else { return }
    var cursor = LineCursor(line.bytes, from: end, to: line.end)
    let offset = cursor.skip(0x2b) ? cursor.hex() : nil
    let bytes = line.bytes
    words.append(
      table.word(hash: hash, offset: offset) { bytes.text(from: start, to: end) })
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
    let isUser = line.starts(with: .userStack)
    guard isUser || line.starts(with: .kernelStack) else { return }
    chains.open(context, isKernel: !isUser, newest: newest(batch))
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
}
