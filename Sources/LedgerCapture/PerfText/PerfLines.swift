import LedgerCore
import LedgerInput

extension TextParser {
  /// One line of `perf script`, without its newline and not empty.
  @inline(__always)
  mutating func perfLine(
    _ bytes: RawSpan, _ first: Int, _ end: Int, isCut: Bool, _ batch: inout EventBatch
  ) {
    switch bytes.u8(first) {
    case 0x09: return sampleFrame(bytes, first, end, batch)
    case 0x23: return PerfTextHeader.read(LineCursor(bytes, from: first, to: end), into: &info)
    default: break
    }
    let start = Self.behindByteOrderMark(bytes, first, end)
    if var context = PerfContext.parse(bytes, from: start, to: end) {
      if !deltas.isAbsolute {
        context.time = deltas.time(context.time, bytes, from: end, to: limit)
      }
      return perfEvent(bytes, context, end, isCut, &batch)
    }
    guard columns.mayLackTime,
      var context = PerfContext.untimed(bytes, from: start, to: end, isFirst: !columns.isKnown)
    else {
      if mayContinue, Ascii.isSpace(bytes.u8(start)) { sampleFrame(bytes, start, end, batch) }
      return otherPerf(bytes, start, end, isCut)
    }
    // The lines stand in the order of their times.
    context.time = lines
    perfEvent(bytes, context, end, isCut, &batch)
  }

  /// Says what the lines leave out; without it, order between CPUs or tasks is not known well enough to prove something.
  private mutating func noteColumns(_ context: LineContext, lacksBody: Bool) {
    columns.note(context, lacksBody: lacksBody)
    guard !columns.missing.isEmpty else { return }
    losses.add(.missingColumns, detail: columns.missing)
    if info.clock.isEmpty { info.clock = "perf" }
    // Whichever they were, there may have been several.
    if columns.lacksCPU { info.cpus = max(info.cpus, 2) }
  }

  /// A page event with nothing behind its name; false, as it cannot be used.
  mutating func empty(_ isCut: Bool, _ event: Event) -> Bool {
    guard columns.lacksBody, !isCut else { return unfinished(isCut, event) }
    losses.add(.bodyNotPrinted, detail: "line \(lines)")
    return false
  }

  @inline(__always)
  private mutating func perfEvent(
    _ bytes: RawSpan, _ context: LineContext, _ end: Int, _ isCut: Bool, _ batch: inout EventBatch
  ) {
    var line = LineCursor(bytes, from: context.body, to: end)
    guard !line.starts(with: .perfRecord), let colon = Self.nameEnd(line),
      let row = names.row(bytes, at: line.at, count: colon &- line.at)
    else { return unnamedPerf(line, context, isCut) }
    line.at = colon &+ 1
    if !columns.isKnown { noteColumns(context, lacksBody: line.isBlank) }
    event(bytes, context, row, &line, end, isCut, &batch)
    mayContinue = true
  }

  /// The colon behind `page_ref:page_ref_mod` or `cycles:u`: the first that a space or nothing follows.
  @inline(__always)
  static func nameEnd(_ line: borrowing LineCursor) -> Int? {
    var from = line.at
    let limit = min(line.end, line.at &+ EventNames.longestName &+ 1)
    while let colon = line.bytes.firstOffset(of: 0x3a, from: from, to: limit) {
      from = colon &+ 1
      if from == line.end || Ascii.isSpace(line.bytes.u8(from)) {
        return colon > line.at ? colon : nil
      }
    }
    return nil
  }

  /// `PERF_RECORD_LOST lost 5` and the like, or an event that was cut inside its name.
  private mutating func unnamedPerf(
    _ line: borrowing LineCursor, _ context: LineContext, _ isCut: Bool
  ) {
    mayContinue = true
    if line.starts(with: .perfLost) {
      let count = KvmBody.value(line, .perfLostCount).flatMap { place in
        var cursor = LineCursor(line.bytes, from: place, to: line.end)
        return cursor.decimal()
      }
      return take(.lost(cpu: context.cpu, count: count, end: line.end))
    }
    guard !line.starts(with: .perfRecord) else { return }
    let isEvent = DamagedLine.isPageReference(line.bytes, from: line.at, to: line.end)
    guard isEvent || isCut else { return malformed(.malformedLine) }
    malformed(isCut ? .truncated : .malformedEvent)
    cpus.lose(1, cpu: context.cpu)
  }

  /// Frames of a call chain stand behind spaces; other lines are not from perf.
  private mutating func otherPerf(_ bytes: RawSpan, _ start: Int, _ end: Int, _ isCut: Bool) {
    guard !LineCursor(bytes, from: start, to: end).starts(with: .perfRecord) else { return }
    if DamagedLine.namesPageEvent(bytes, from: start, to: end) {
      malformed(isCut ? .truncated : .malformedEvent)
      return cpus.loseAnywhere()
    }
    if !mayContinue, !Ascii.isSpace(bytes.u8(start)) { malformed(.malformedLine) }
  }
}

extension StaticText {
  fileprivate static let perfRecord = StaticText("PERF_RECORD_")
  fileprivate static let perfLost = StaticText("PERF_RECORD_LOST")
  fileprivate static let perfLostCount = StaticText("lost")
}
