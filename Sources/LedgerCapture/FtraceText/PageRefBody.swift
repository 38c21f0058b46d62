import LedgerCore
import LedgerInput

/// The short way through a page_ref body whose fields stand in the order of the kernel's print format.
///
/// Nine lines in ten of a page ledger's text are such lines, and comparing words is twice as fast as looking for
/// names. include/trace/events/page_ref.h, 5.4 to 7.1.
enum PageRefBody {
  /// False, with the line where it was, when anything is not as expected.
  @inline(__always)
  static func readInOrder(_ line: inout LineCursor, _ kind: EventKind, _ event: inout Event) -> Bool
  {
    let start = line.at
    if inOrder(&line, kind, &event) { return true }
    line.at = start
    return false
  }

  @inline(__always)
  private static func inOrder(_ line: inout LineCursor, _ kind: EventKind, _ event: inout Event)
    -> Bool
  {
    guard pass(&line, 0x3d6e_6670, 4), let pfn = line.number() else { return false }
    guard pass(&line, 0x3d73_6761_6c66_20, 7) else { return false }
    EventBody.readFlags(&line, &event)
    line.skipWord()
    guard pass(&line, 0x3d74_6e75_6f63_20, 7), let count = line.signed() else { return false }
    guard pass(&line, 0x6e75_6f63_7061_6d20, 8), pass(&line, 0x3d74, 2) else { return false }
    guard let mapcount = line.signed() else { return false }
    guard pass(&line, 0x676e_6970_7061_6d20, 8), line.skip(0x3d) else { return false }
    event.pointer = line.hex() ?? 0
    line.skipWord()
    guard pass(&line, 0x3d74_6d20, 4), let migratetype = line.signed() else { return false }
    guard pass(&line, 0x3d6c_6176_20, 5), let value = line.signed() else { return false }
    if kind != .pageRefSet, kind != .pageRefMod, kind != .pageRefUnfreeze {
      guard pass(&line, 0x3d74_6572_20, 5), let result = line.signed() else { return false }
      event.result = result
    }
    guard line.isAtEnd else { return false }
    event.pfn = pfn
    event.count = count
    event.mapcount = mapcount
    event.order = UInt8(truncatingIfNeeded: migratetype)
    event.value = value
    return true
  }

  /// Passes `count` bytes, the lowest first, if they are next. Behind the line lies padding, never nothing.
  @inline(__always)
  private static func pass(_ line: inout LineCursor, _ word: UInt64, _ count: Int) -> Bool {
    guard ByteTable.word(line.bytes, line.at, count) == word else { return false }
    line.at &+= count
    return true
  }
}
