import LedgerCore
import LedgerInput

/// Puts the kernel's complaints together from the lines of its log, which may be torn and mixed with others.
///
/// Where the log names who printed a line, complaints of several printers are told apart. Memory is bounded: eight
/// open complaints, and what `ComplaintLog` keeps.
struct ComplaintReader {
  private static let openLimit = 8
  private static let marksLimit = 1024
  /// Lines between `cut here` and the line that names the place.
  private static let preambleLimit = 3

  private(set) var log = ComplaintLog()
  /// Pages that became known since somebody last asked, as marks for the stream of events.
  private(set) var marks: [Event] = []
  private var nextMark: UInt64 = 0
  private var open: [OpenComplaint] = []
  /// What was printed since `cut here`: the words of a warning come before the warning.
  private var preamble: (caller: LogCaller?, lines: [KernelLogLine])?
  /// How what comes is ordered against the events of the capture.
  var relation = ComplaintOrder.unknown

  /// Some line may belong to a complaint that has begun.
  var isWaiting: Bool { !open.isEmpty || preamble != nil }

  /// Takes a line without its dressing; true when it began a complaint.
  @discardableResult
  mutating func take(
    _ bytes: RawSpan, from start: Int, to end: Int, _ dress: Dress, number: UInt64, isCut: Bool
  ) -> Bool {
    let isCandidate = Self.mayBegin(bytes, start, end)
    let isTorn =
      !isCandidate && dress.isKernel
      && StaticText.badBehind.firstOffset(in: bytes, from: start, to: end) != nil
    guard isCandidate || isTorn || isWaiting else { return false }
    if !isCandidate, !isTorn, skips(bytes, start, end, dress.caller) { return false }
    let text = bytes.text(from: start, to: min(end, start &+ 2 * KernelComplaint.lineLimit))
    let line = KernelLogLine(
      time: dress.time, number: number, text: String(text.prefix(KernelComplaint.lineLimit)))
    return take(text[...], line, dress.caller, isTorn: isTorn, isCut: isCut)
  }

  /// Takes a line as text; `isTorn` when a complaint may stand behind other words.
  mutating func take(
    _ text: Substring, _ line: KernelLogLine, _ caller: LogCaller?, isTorn: Bool, isCut: Bool
  ) -> Bool {
    if text.hasPrefix("------------[ cut here") {
      preamble = (caller, [])
      return false
    }
    let found = isTorn ? ComplaintHeader.readTorn(text) : ComplaintHeader.read(text)
    switch found {
    case .suppressed(let kind, let count):
      flush()
      log.suppress(kind, count)
      return true
    case .complaint(var complaint):
      complaint.isDamaged = complaint.isDamaged || isCut
      begin(complaint, line, caller)
      return true
    case nil:
      follow(text, line, caller, isCut: isCut)
      return false
    }
  }

  /// Completes what is open: the log ends, or another begins.
  mutating func flush() {
    for complaint in open { close(complaint) }
    open = []
    preamble = nil
  }

  /// The log as it is if nothing more belongs to what is open; while lines drip, young ones wait.
  func settled(isDripping: Bool) -> ComplaintLog {
    guard !open.isEmpty else { return log }
    var copy = self
    if isDripping { copy.open.removeAll { $0.isYoung } }
    copy.flush()
    return copy.log
  }

  /// Hands out the marks; their times are left to the reader.
  mutating func takeMarks() -> [Event] {
    defer { marks = [] }
    return marks
  }

  /// The page of an open complaint is known now.
  private mutating func mark(_ place: Int) {
    guard !open[place].isMarked, let pfn = open[place].complaint.pfn,
      marks.count < Self.marksLimit
    else { return }
    var mark = Event()
    mark.kind = .complaint
    mark.pfn = pfn
    mark.word = nextMark
    open[place].isMarked = true
    open[place].complaint.marks.append(nextMark)
    nextMark &+= 1
    marks.append(mark)
  }

  private mutating func begin(
    _ complaint: KernelComplaint, _ line: KernelLogLine, _ caller: LogCaller?
  ) {
    if let place = place(of: caller) {
      if join(complaint, line, place) { return mark(place) }
      close(open.remove(at: place))
    }
    if open.count >= Self.openLimit { close(open.removeFirst()) }
    var fresh = OpenComplaint(complaint, caller: caller)
    fresh.complaint.relation = relation
    if complaint.kind == .refcount { fresh.complaint.function = "" }
    if let preamble, preamble.caller == caller { for line in preamble.lines { fresh.keep(line) } }
    preamble = nil
    fresh.keep(line)
    open.append(fresh)
    mark(open.count - 1)
  }

  /// The two halves of one complaint: a page that was dumped because a check failed, a count and where it went wrong.
  private mutating func join(
    _ complaint: KernelComplaint, _ line: KernelLogLine, _ place: Int
  ) -> Bool {
    let old = open[place].complaint
    switch (old.kind, complaint.kind) {
    case (.refcount, .refcount) where old.site.isEmpty || old.reason.isEmpty:
      if !complaint.site.isEmpty, !old.site.isEmpty { return false }
      if !complaint.reason.isEmpty, !old.reason.isEmpty { return false }
      var whole = complaint
      whole.reason = old.reason.isEmpty ? complaint.reason : old.reason
      whole.site = old.site.isEmpty ? complaint.site : old.site
      merge(old, into: &whole)
      whole.function = ""
      open[place].complaint = whole
    case (.pageDump, .kernelBug), (.pageDump, .pageReference), (.pageDump, .pageWarning),
      (.pageDump, .kvm), (.pageDump, .graphics):
      guard open[place].awaitsCheck else { return false }
      var whole = complaint
      merge(old, into: &whole)
      open[place].complaint = whole
    case (.kasan, .pageDump), (.badPageState, .pageDump), (.badPageMap, .pageDump),
      (.badPageCache, .pageDump), (.kernelBug, .pageDump), (.pageReference, .pageDump),
      (.pageWarning, .pageDump), (.kvm, .pageDump), (.graphics, .pageDump):
      guard !old.hasPage else { return false }
      open[place].take(line.text[...], line)
      return true
    default: return false
    }
    preamble = nil
    open[place].keep(line)
    return true
  }

  private func merge(_ old: KernelComplaint, into whole: inout KernelComplaint) {
    whole.lines = old.lines
    if whole.reason.isEmpty { whole.reason = old.reason }
    (whole.pfn, whole.count, whole.mapcount) = (old.pfn, old.count, old.mapcount)
    (whole.order, whole.isAllocated, whole.hasPage) = (old.order, old.isAllocated, old.hasPage)
    whole.marks = old.marks
    (whole.relation, whole.isDamaged) = (old.relation, old.isDamaged || whole.isDamaged)
    if whole.process.isEmpty { whole.process = old.process }
    if whole.pid < 0 { whole.pid = old.pid }
    if whole.cpu < 0 { whole.cpu = old.cpu }
  }

  private mutating func follow(
    _ text: Substring, _ line: KernelLogLine, _ caller: LogCaller?, isCut: Bool
  ) {
    if let place = place(of: caller) {
      open[place].take(text, line)
      mark(place)
      if open[place].isOver { close(open.remove(at: place)) }
    }
    guard preamble?.caller == caller, !text.isEmpty else { return }
    if (preamble?.lines.count ?? 0) < Self.preambleLimit {
      preamble?.lines.append(line)
    } else {
      preamble = nil
    }
  }

  private func place(of caller: LogCaller?) -> Int? {
    open.lastIndex { $0.caller == caller }
  }

  private mutating func close(_ complaint: OpenComplaint) {
    if !complaint.isEmpty { log.add(complaint.whole) }
  }

  /// Passes a line that says nothing to the complaint that its printer has begun; false when its words are needed.
  private mutating func skips(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ caller: LogCaller?
  ) -> Bool {
    guard preamble == nil else { return false }
    guard let place = place(of: caller) else { return true }
    if start < end, open[place].needs(bytes.u8(start)) { return false }
    open[place].skip()
    if open[place].isOver { close(open.remove(at: place)) }
    return true
  }

  /// A line whose first bytes rule nothing in costs no text.
  private static func mayBegin(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    guard start < end else { return false }
    for word in StaticText.beginnings where word.isFound(in: bytes, at: start, end: end) {
      return true
    }
    switch bytes.u8(start) {
    case 0x5f, 0x67, 0x73:  // _swap_info_get, get_swap_device, swap_free
      let limit = min(end, start &+ 64)
      return StaticText.badSwap.firstOffset(in: bytes, from: start, to: limit) != nil
        || StaticText.unusedSwap.firstOffset(in: bytes, from: start, to: limit) != nil
    default: return false
    }
  }
}

extension StaticText {
  fileprivate static let beginnings = [
    "BUG: ", "WARNING: ", "kernel BUG at ", "refcount_t: ", "page:", "------------[ cut here",
  ].map { StaticText($0) }
  fileprivate static let badBehind = StaticText("BUG: Bad ")
  fileprivate static let badSwap = StaticText(": Bad swap ")
  fileprivate static let unusedSwap = StaticText(": Unused swap ")
}
