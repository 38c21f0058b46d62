import LedgerCore
import LedgerInput

// Events whose lines were broken in two or more.
extension TextParser {
  /// A context without a body: the next line may be the body.
  mutating func wrap(
    _ bytes: RawSpan, _ context: LineContext, _ end: Int, _ batch: inout EventBatch
  ) {
    guard dialect == .ftrace || dialect == .traceCmd else { return }
    giveUpWrapped(&batch)
    wrapped = WrappedLine(bytes, from: Self.wrapStart(context), to: end)
  }

  private static func wrapStart(_ context: LineContext) -> Int {
    context.commEnd > context.commStart ? context.commStart : context.body
  }

  /// Keeps an event that was counted and whose body is not complete.
  mutating func keep(
    _ event: Event, _ row: Int, _ context: LineContext, _ bytes: RawSpan, _ end: Int
  ) {
    var place = context
    let start = Self.wrapStart(context)
    place.commStart = 0
    place.commEnd = max(0, context.commEnd &- start)
    place.body = context.body &- start
    var piece = WrappedLine(bytes, from: start, to: end)
    piece.line = lines
    piece.known = WrappedLine.Known(row: row, event: event, context: place)
    wrapped = piece
  }

  /// Takes a line that is no event for the rest of one, or for the start of one; true when it is.
  mutating func unwrap(_ bytes: RawSpan, _ start: Int, _ end: Int, _ batch: inout EventBatch)
    -> Bool
  {
    guard var piece = wrapped else {
      guard WrappedLine.isStart(bytes, from: start, to: end) else { return false }
      wrapped = WrappedLine(bytes, from: start, to: end)
      wrapped?.isUnsure = true
      return true
    }
    var from = start
    while from < end, Ascii.isSpace(bytes.u8(from)) { from &+= 1 }
    guard piece.add(bytes, from: from, to: end) else {
      giveUpWrapped(&batch)
      return false
    }
    wrapped = piece
    let known = piece.known
    let stop = piece.end
    piece.bytes.withRawSpan { span in
      if let known {
        join(known, span, stop, &batch)
      } else if let context = LineContext.parse(span, from: 0, to: stop) {
        wrapped = nil
        event(span, context, stop, false, &batch)
      }
    }
    return true
  }

  private mutating func join(
    _ known: WrappedLine.Known, _ span: RawSpan, _ end: Int, _ batch: inout EventBatch
  ) {
    var line = LineCursor(span, from: known.context.body, to: end)
    line.skipSpaces()
    skipDifference(&line)
    var event = known.event
    guard row(&line) == known.row else { return }
    isJoining = true
    let isUsed = meaning(names.meanings[known.row], known.row, &line, false, &event)
    isJoining = false
    guard isUsed else { return }
    wrapped = nil
    finish(event, isUsed: true, known.row, span, known.context, end, &batch)
  }

  /// The rest of the event did not come: it is damaged.
  mutating func giveUpWrapped(_ batch: inout EventBatch) {
    guard let piece = wrapped else { return }
    loseWrapped()
    guard let known = piece.known else { return }
    let end = piece.end
    piece.bytes.withRawSpan {
      finish(known.event, isUsed: false, known.row, $0, known.context, end, &batch)
    }
  }

  /// Counts the event whose rest did not come.
  mutating func loseWrapped() {
    guard let piece = wrapped else { return }
    wrapped = nil
    if let known = piece.known {
      losses.add(.malformedEvent, detail: "line \(piece.line)")
      return cpus.lose(1, cpu: Int(known.event.cpu))
    }
    if piece.isUnsure { malformed(.malformedLine) }
  }
}
