import LedgerCore
import LedgerFormat
import LedgerInput

/// Bodies of include/trace/events/mmap.h, 6.1: `mt_mod MT, (VMA), STORE, FIRST, LAST,`, `mt_mod MT, (NULL), SNULL, FIRST, LAST,`,
/// `mt_mod MT, DESTROY`; names and values in raw form.
enum SpaceBody {
  /// Fills the slots; false for a line that is cut or holds what no kernel prints.
  static func read(_ line: borrowing LineCursor, _ event: inout Event) -> Bool {
    var cursor = LineCursor(line.bytes, from: line.at, to: line.end)
    guard cursor.starts(with: modification) else {
      return SlotWords.of(event.kind).read(line, &event)
    }
    cursor.skipWord()
    cursor.skipSpaces()
    guard let tree = address(&cursor) else { return false }
    event.pointer = tree
    if event.kind == .exitMmap { return true }
    if event.kind == .vmaStore {
      guard skip(&cursor, past: 0x28), let vma = address(&cursor) else { return false }
      event.extra = vma
    }
    // Behind the word in capitals.
    guard skip(&cursor, past: 0x29), skip(&cursor, past: 0x2c), skip(&cursor, past: 0x2c)
    else { return false }
    cursor.skipSpaces()
    guard let first = cursor.decimal(), skip(&cursor, past: 0x2c) else { return false }
    cursor.skipSpaces()
    guard let last = cursor.decimal(), skip(&cursor, past: 0x2c) else { return false }
    event.word = first
    event.span = last
    return event.complete(page: 0, vmemmap: 0, size: 0)
  }

  private static func skip(_ cursor: inout LineCursor, past byte: UInt8) -> Bool {
    guard let place = cursor.bytes.firstOffset(of: byte, from: cursor.at, to: cursor.end) else {
      return false
    }
    cursor.at = place &+ 1
    return true
  }

  /// 0 for the words that stand for every address until the kernel has random bytes to hash it with. lib/vsprintf.c:default_pointer
  private static func address(_ cursor: inout LineCursor) -> UInt64? {
    guard cursor.starts(with: unknown) else { return cursor.hex() }
    cursor.at &+= unknown.count
    return 0
  }

  private static let unknown = StaticText("(____ptrval____)")
  private static let modification = StaticText("mt_mod ")
}
