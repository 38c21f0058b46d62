internal import LedgerCore

extension Event {
  /// False when a field holds what no kernel passes: the address of an object that is not aligned as objects are, a range of a vma that is not
  /// made of whole pages or ends before it starts. An address of 0 was not recorded.
  var isAligned: Bool {
    switch kind {
    case .insertPfn, .insertHuge, .insertPage, .insertPages, .remapRange:
      Self.isPage(word) && Self.isObject(pointer) && Self.isObject(extra)
    case .writeCopy, .followPte, .vcpuMap, .objectMmap:
      Self.isObject(pointer) && Self.isObject(extra)
    case .unmapRange:
      Self.isObject(pointer) && Self.isObject(extra) && (span == 0 || span > word)
    case .copyRange:
      Self.isObject(pointer) && Self.isObject(extra) && Self.isRange(word, span)
    case .moveTables: Self.isObject(pointer) && Self.isPage(word) && Self.isPage(span)
    case .protect: Self.isObject(pointer) && Self.isRange(word, extra)
    case .gupFast, .gupSlow, .notifierStart, .notifierEnd, .memslot, .destroyVM, .vcpuUnmap,
      .objectUnmap, .objectMove:
      Self.isObject(pointer)
    case .dropSpte: Self.isObject(pointer) && Self.isObject(span)
    case .changedSpte: Self.isObject(span)
    case .ttmPopulate, .ttmRelease: Self.isObject(word)
    case .vmaStore, .vmaErase: Self.isRange(word, span &+ 1)
    default: true
    }
  }

  /// Slabs align objects to a pointer's size at least.
  private static func isObject(_ address: UInt64) -> Bool {
    address & (address >> 32 == 0 ? 3 : 7) == 0
  }

  private static func isPage(_ address: UInt64) -> Bool { address & 0xfff == 0 }

  private static func isRange(_ start: UInt64, _ end: UInt64) -> Bool {
    isPage(start) && isPage(end) && (end == 0 || end > start)
  }
}
