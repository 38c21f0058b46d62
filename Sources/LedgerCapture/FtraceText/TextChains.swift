import LedgerCore
import LedgerInput

/// The call chains of a text: blocks of ` => function` lines behind events, and what perf script prints behind samples.
struct TextChains {
  private var frames = ChainFrames()
  /// Lines of a block may follow.
  private(set) var isOpen = false
  /// A chain was met, so that events are remembered for those to come.
  private(set) var isTracking = false
  /// Chains of events that were given.
  private(set) var notes: [StackNote] = []
  private var target: Event?
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
    frames.clear()
  }

  /// The block is complete.
  mutating func close() {
    guard isOpen else { return }
    isOpen = false
    guard let event = target else { return }
    target = nil
    let number = frames.number
    frames.clear()
    if number != 0 { notes.append(StackNote(event, stack: number)) }
  }

  /// Gives the notes of chains that are complete.
  mutating func takeNotes() -> [StackNote] {
    defer { notes.removeAll() }
    return notes
  }

  /// The same with the open block as far as it goes; what follows of it comes with a later note.
  mutating func notesSoFar() -> [StackNote] {
    if isOpen, let event = target {
      let number = frames.number
      if number != 0 { notes.append(StackNote(event, stack: number)) }
    }
    return takeNotes()
  }

  /// A frame of a block.
  mutating func take(_ line: borrowing LineCursor) {
    if target != nil { frames.take(line, isUser: isUser) }
  }

  /// A frame of a sample.
  mutating func takeSampleFrame(_ line: borrowing LineCursor) {
    if target != nil { frames.takeSample(line) }
  }

  /// What a return probe prints before ` <- `: the word of who called the function.
  mutating func caller(_ line: borrowing LineCursor) -> UInt64 { frames.caller(line) }

  /// The chains so far.
  var table: StackTable { frames.table }
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
}
