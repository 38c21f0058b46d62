import LedgerCore
import LedgerFormat
import LedgerInput

/// What one CPU's decoding carries from one sub-buffer to the next.
struct CpuState: Sendable {
  var cpu: UInt16
  /// Corrected time of the last record.
  var lastTime: UInt64 = 0
  /// Uncorrected time of the last record.
  var lastTicks: UInt64 = 0
  /// Records with more ticks than this tell a wrong time.
  var latest = UInt64.max
  /// Lowest and highest time so far.
  var first = UInt64.max
  var last: UInt64 = 0
  /// Records are missing before the next one.
  var gapIsOpen = false
  /// How many, 0 when unknown.
  var gapCount: UInt64 = 0
  /// What the last record was, for a call chain that may follow it.
  var previous = other
  /// The last event of the chunk before, when its call chain may stand in the next one.
  var carried: Event?

  /// In `previous`: a record without meaning.
  static let other = -1
  /// A call chain.
  static let chain = -2
  /// The event in `carried`.
  static let before = -3

  /// Records are missing here, on top of those that may be missing already.
  mutating func openGap(_ count: UInt64 = 0) {
    gapCount = gapIsOpen && (gapCount == 0 || count == 0) ? 0 : gapCount &+ count
    gapIsOpen = true
  }
}

/// Where decoded events go: a chunk's room, written in place.
struct EventRoom: ~Copyable, ~Escapable {
  var events: MutableSpan<Event>
  /// Records by format.
  var counts: MutableSpan<UInt64>
  /// Next free place.
  var place = 0

  @_lifetime(copy events, copy counts)
  init(_ events: consuming MutableSpan<Event>, counts: consuming MutableSpan<UInt64>) {
    self.events = events
    self.counts = counts
  }

  /// Adds an event if there is room.
  mutating func append(_ event: Event) {
    guard place < events.count else { return }
    events[place] = event
    place &+= 1
  }
}

/// Walks the records of sub-buffers (kernel/trace/ring_buffer.c:rb_update_event, ring_buffer_read_page, 6.1).
struct SubBufferDecoder: Sendable {
  var records: RecordDecoder
  let page: PageHeader
  let bigEndian: Bool
  let time: TimeCorrection
  /// Ticks between two records of a CPU that no machine has lived through: years, of nanoseconds or of cycles.
  private static let leap: UInt64 = 1 << 58
  /// Every event is wanted, with its words.
  let words: FieldWords?
  private let console: ConsoleMessage?
  private let mark: ConsoleMessage?
  private let chain: StackRecord?
  private let userChain: StackRecord?
  private let chains: StackStore
  private let blank = Event()

  init(
    records: RecordDecoder, page: PageHeader, bigEndian: Bool, time: TimeCorrection,
    words: FieldWords?, chains: StackStore
  ) {
    self.records = records
    self.chains = chains
    let formats = words == nil ? records.formats : []
    chain = StackRecord(formats, long: page.long, bigEndian: bigEndian)
    userChain = StackRecord(formats, long: page.long, bigEndian: bigEndian, isUser: true)
    self.page = page
    self.bigEndian = bigEndian
    self.time = time
    self.words = words
    console = ConsoleMessage(records.formats, bigEndian: bigEndian)
    mark = ConsoleMessage(records.formats, bigEndian: bigEndian, isMark: true)
  }

  /// Bytes of the sub-buffer at `start` of `bytes`, which lies at `offset` of the file, are decoded into `chunk`.
  ///
  /// `size` bytes from `start` lie within `bytes`; `isChecked` says that `isSound` has answered yes already.
  mutating func decode(
    _ bytes: RawSpan, at start: Int, size: Int, offset: UInt64, isChecked: Bool,
    state: inout CpuState, chunk: EventChunk, room: inout EventRoom
  ) {
    let commit = page.commitWord(bytes, at: start, bigEndian: bigEndian)
    let used = Int(commit & 0x07ff_ffff)
    if commit == 0, load64(bytes, start) == 0 {
      // The kernel writes no such sub-buffer: these bytes never reached the disk.
      state.openGap()
      chunk.losses.add(
        .truncated, cpu: Int(state.cpu), detail: "zeros instead of a sub-buffer at offset \(offset)"
      )
      return
    }
    // Half of a damaged sub-buffer is not better than none: what seems whole in it may be garbage too.
    guard isChecked || isSound(bytes, at: start, size: size) else {
      state.openGap()
      chunk.losses.add(.corruptSubBuffer, cpu: Int(state.cpu), detail: "at offset \(offset)")
      return
    }
    if commit & 0x8000_0000 != 0 {
      noteMissed(bytes, start, used, size, commit & 0x4000_0000 != 0, offset, &state, chunk)
    }
    var walk = RecordWalk(
      bytes, ticks: load64(bytes, start), from: start &+ page.data, count: used,
      bigEndian: bigEndian)
    walkRecords(bytes, &walk, &state, chunk, &room)
  }

  /// True if the records of the sub-buffer at `start` fill exactly the bytes that it claims.
  func isSound(_ bytes: RawSpan, at start: Int, size: Int) -> Bool {
    let used = page.commit(bytes, at: start, bigEndian: bigEndian)
    guard used <= size &- page.data else { return false }
    var walk = RecordWalk(
      bytes, ticks: 0, from: start &+ page.data, count: used, bigEndian: bigEndian)
    while walk.next(bytes) != nil {}
    return walk.isWhole
  }

  private func noteMissed(
    _ bytes: RawSpan, _ start: Int, _ used: Int, _ size: Int, _ isStored: Bool,
    _ offset: UInt64, _ state: inout CpuState, _ chunk: EventChunk
  ) {
    var count: UInt64 = 0
    let place = start &+ page.data &+ used
    if isStored && page.data &+ used &+ page.long <= size {
      count = page.long == 8 ? load64(bytes, place) : UInt64(load32(bytes, place))
    }
    // A count that no trace reaches is garbage.
    if count >= 1 << 48 { count = 0 }
    state.openGap(count)
    chunk.losses.add(
      count > 0 ? .lostEvents : .lostUnknown, count: max(count, 1), cpu: Int(state.cpu),
      detail: "before the sub-buffer at offset \(offset)")
  }

  @inline(__always)
  private mutating func walkRecords(
    _ bytes: RawSpan, _ walk: inout RecordWalk, _ state: inout CpuState, _ chunk: EventChunk,
    _ room: inout EventRoom
  ) {
    var walk = walk
    var seen: UInt64 = 0
    while let payload = walk.next(bytes) {
      seen &+= 1
      take(bytes, payload, walk.at &- payload, walk.ticks, &state, chunk, &room)
    }
    chunk.records &+= seen
  }

  @inline(__always)
  private mutating func take(
    _ bytes: RawSpan, _ payload: Int, _ length: Int, _ ticks: UInt64, _ state: inout CpuState,
    _ chunk: EventChunk, _ room: inout EventRoom
  ) {
    let moment = time.isIdentity ? ticks : time.apply(ticks, cpu: state.cpu)
    if ticks &- state.lastTicks >= Self.leap || ticks > state.latest {
      noteLeap(ticks, &state, chunk)
    }
    if state.gapIsOpen { closeGap(moment, &state, chunk, &room) }
    if moment < state.first { state.first = moment }
    if moment > state.last { state.last = moment }
    state.lastTicks = ticks
    state.lastTime = moment
    let id = load16(bytes, payload)
    guard let format = records.index(ofID: id) else {
      chunk.losses.add(.unknownEvent, cpu: Int(state.cpu), detail: "event id \(id)")
      return
    }
    room.counts[format] &+= 1
    guard room.place < room.events.count, length >= 8 else { return }
    room.events[room.place] = blank
    room.events[room.place].time = moment
    room.events[room.place].cpu = state.cpu
    room.events[room.place].format = UInt16(truncatingIfNeeded: format)
    var outcome = records.decode(
      bytes, at: payload, count: length, format: format, into: &room.events[room.place])
    if outcome == .decoded, room.events[room.place].kind.isList {
      outcome = takeList(bytes, payload, length, format, &room)
    }
    if let words {
      if outcome != .decoded {
        records.decodeCommon(
          bytes, at: payload, count: length, format: format, into: &room.events[room.place])
      }
      chunk.details.append(
        words.detail(bytes, payload, length, format, room.events[room.place].pid))
      room.place &+= 1
    } else if outcome == .decoded {
      state.previous = room.place
      room.place &+= 1
    } else if let chain = format == chain?.format
      ? chain : format == userChain?.format ? userChain : nil
    {
      takeChain(chain, bytes, payload, length, &state, chunk, &room)
      state.previous = CpuState.chain
    } else {
      state.previous = CpuState.other
      if console?.format == format {
        takeMessage(bytes, payload, length, format, chunk, &room)
      } else if mark?.format == format {
        takeMark(bytes, payload, length, chunk)
      }
    }
    if outcome == .short || outcome == .implausible {
      account(outcome, format, state, chunk)
      state.openGap()
    }
  }

  /// A time that is smaller than the one before, years behind it, or behind the end of the recording; the last is told once of a CPU, as
  /// the end itself may be what is wrong.
  @inline(never)
  private func noteLeap(_ ticks: UInt64, _ state: inout CpuState, _ chunk: EventChunk) {
    let cpu = Int(state.cpu)
    let leap = "from \(state.lastTicks) to \(ticks)"
    if ticks > state.latest {
      chunk.losses.add(
        .malformedEvent, cpu: cpu, detail: "time \(ticks) is behind the end of the recording")
      state.latest = .max
      state.openGap()
    } else if ticks < state.lastTicks {
      chunk.losses.add(.timeBackwards, cpu: cpu, detail: leap)
    } else if state.lastTicks != 0 || ticks >> 63 != 0 {
      chunk.losses.add(.malformedEvent, cpu: cpu, detail: "time leaps \(leap)")
      state.openGap()
    }
  }

  /// One event for each entry of a list, the last one left to the caller to take; where words are wanted, the first one only.
  @inline(never)
  private func takeList(
    _ bytes: RawSpan, _ payload: Int, _ length: Int, _ format: Int, _ room: inout EventRoom
  ) -> RecordDecoder.Outcome {
    let entries = records.list(
      bytes, at: payload, count: length, format: format, like: room.events[room.place])
    guard let entries else { return .short }
    guard let last = words == nil ? entries.last : entries.first else { return .meaningless }
    if words == nil { for entry in entries.dropLast() { room.append(entry) } }
    guard room.place < room.events.count else { return .meaningless }
    room.events[room.place] = last
    return .decoded
  }

  /// A message of the kernel stands in the stream as a mark, whose words lie in the chunk.
  @inline(never)
  private mutating func takeMessage(
    _ bytes: RawSpan, _ payload: Int, _ length: Int, _ format: Int, _ chunk: EventChunk,
    _ room: inout EventRoom
  ) {
    guard let text = console?.text(bytes, at: payload, count: length) else { return }
    records.decodeCommon(
      bytes, at: payload, count: length, format: format, into: &room.events[room.place])
    room.events[room.place].kind = .complaint
    room.place &+= 1
    chunk.messages.append(text)
  }

  /// What a recorder says about itself; marks of others are counted only.
  @inline(never)
  private func takeMark(_ bytes: RawSpan, _ payload: Int, _ length: Int, _ chunk: EventChunk) {
    guard let text = mark?.text(bytes, at: payload, count: length),
      let filter = RecorderMark.filter(in: text)
    else { return }
    chunk.losses.add(.filtered, detail: filter)
  }

  /// The way to the event right before it; an interrupt's event and chain may lie between the two, and the kernel's part of
  /// the chain before the user's (kernel/trace/trace.c:trace_buffer_unlock_commit_regs).
  @inline(never)
  private func takeChain(
    _ chain: StackRecord, _ bytes: RawSpan, _ payload: Int, _ length: Int,
    _ state: inout CpuState, _ chunk: EventChunk, _ room: inout EventRoom
  ) {
    guard state.previous != CpuState.other,
      let place = eventPlace(
        chain, chain.task(bytes, at: payload, count: length), state, chunk, room)
    else { return }
    let frames = chain.frames(bytes, at: payload, count: length)
    let number = chain.isUser ? chains.userNumber(of: frames) : chains.number(of: frames)
    guard number != 0 else { return }
    let index = chunk.stacks.lastIndex { $0.place <= place }.map { $0 + 1 } ?? 0
    chunk.stacks.insert((place, number), at: index)
  }

  /// Which event a chain belongs to: -1 is the last one of the chunk before.
  private func eventPlace(
    _ chain: StackRecord, _ task: StackRecord.Task, _ state: CpuState, _ chunk: EventChunk,
    _ room: borrowing EventRoom
  ) -> Int? {
    if state.previous == CpuState.before || room.place == 0 {
      return state.carried.map(task.fits) ?? false ? -1 : nil
    }
    var place = state.previous >= 0 ? state.previous : room.place &- 1
    let last = state.previous >= 0 ? place : max(0, place &- 3)
    while place >= last {
      let isTaken = chunk.stacks.suffix(8).contains {
        $0.place == place
          && (chain.isUser ? StackTable.hasUser($0.stack) : StackTable.hasKernel($0.stack))
      }
      if !isTaken, room.events[place].cpu == state.cpu, task.fits(room.events[place]) {
        return place
      }
      place &-= 1
    }
    return nil
  }

  private func account(
    _ outcome: RecordDecoder.Outcome, _ format: Int, _ state: CpuState, _ chunk: EventChunk
  ) {
    chunk.losses.add(
      outcome == .short ? .malformedEvent : .implausibleFrame, cpu: Int(state.cpu),
      detail: "\(records.formats[format].name) at time \(state.lastTime)")
  }

  /// Marks the gap on both sides: right behind the record before it, and at the one after it.
  private func closeGap(
    _ time: UInt64, _ state: inout CpuState, _ chunk: EventChunk, _ room: inout EventRoom
  ) {
    var mark = Event()
    mark.cpu = state.cpu
    mark.kind = .gapOpens
    mark.time = state.lastTime
    mark.value = Int32(clamping: state.gapCount)
    room.append(mark)
    mark.kind = .gapCloses
    mark.time = time
    room.append(mark)
    if words != nil {
      chunk.details.append(EventDetail(name: EventKind.gapOpens.name))
      chunk.details.append(EventDetail(name: EventKind.gapCloses.name))
    }
    state.gapIsOpen = false
    state.gapCount = 0
    // The event of a chain that comes now is lost.
    state.previous = CpuState.other
  }

  @inline(__always)
  private func load16(_ bytes: RawSpan, _ at: Int) -> UInt16 {
    bigEndian ? bytes.u16(at).byteSwapped : bytes.u16(at)
  }

  @inline(__always)
  private func load32(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    bigEndian ? bytes.u32(at).byteSwapped : bytes.u32(at)
  }

  @inline(__always)
  private func load64(_ bytes: RawSpan, _ at: Int) -> UInt64 {
    bigEndian ? bytes.u64(at).byteSwapped : bytes.u64(at)
  }
}
