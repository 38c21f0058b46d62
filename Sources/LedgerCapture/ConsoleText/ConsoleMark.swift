import LedgerCore
import LedgerInput

/// Lines of a console log that say something about a dump of the trace buffers.
///
/// kernel/trace/trace.c:ftrace_dump_one, 6.1; kernel/printk/printk.c:console_emit_next_record, 6.1.
enum ConsoleMark: Equatable {
  /// `Dumping ftrace buffer:`, `Dumping ftrace instance NAME buffer:`.
  case header(isInstance: Bool)
  /// The line of dashes before and behind the events.
  case rule
  /// `(ftrace buffer empty)`
  case empty
  /// `** 12 printk messages dropped **`
  case dropped(UInt64)

  /// What an undressed line says, nil for all others.
  static func read(_ line: borrowing LineCursor) -> ConsoleMark? {
    guard !line.isAtEnd else { return nil }
    switch line.byte {
    case 0x2d: return line.starts(with: Word.rule) ? .rule : nil
    case 0x28: return line.starts(with: Word.empty) ? .empty : nil
    case 0x2a: return dropped(line)
    default: return header(line)
    }
  }

  private static func dropped(_ line: borrowing LineCursor) -> ConsoleMark? {
    guard line.starts(with: Word.stars) else { return nil }
    var cursor = LineCursor(line.bytes, from: line.at &+ Word.stars.count, to: line.end)
    guard let count = cursor.decimal(), cursor.starts(with: Word.messages) else { return nil }
    return .dropped(count)
  }

  private static func header(_ line: borrowing LineCursor) -> ConsoleMark? {
    guard let hit = Word.dumping.firstOffset(in: line.bytes, from: line.at, to: line.end) else {
      return nil
    }
    let rest = LineCursor(line.bytes, from: hit &+ Word.dumping.count, to: line.end)
    if rest.starts(with: Word.buffer) { return .header(isInstance: false) }
    return rest.starts(with: Word.instance) ? .header(isInstance: true) : nil
  }

  private enum Word {
    static let rule = StaticText("--------------------")
    static let empty = StaticText("(ftrace buffer empty)")
    static let stars = StaticText("** ")
    static let messages = StaticText(" printk messages dropped")
    static let dumping = StaticText("Dumping ftrace ")
    static let buffer = StaticText("buffer:")
    static let instance = StaticText("instance ")
  }
}
