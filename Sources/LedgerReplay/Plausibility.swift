internal import LedgerCore

extension Event {
  /// False for what no kernel records: then the bytes are damaged, and other values may be wrong too.
  ///
  /// Task ids end at PID_MAX_LIMIT (include/linux/threads.h). A block is aligned to its order (mm/page_alloc.c). There are less than 16
  /// migratetypes (include/linux/mmzone.h). Tests, `unless` and freezes return truth values (include/linux/page_ref.h).
  @inline(__always)
  var isPossible: Bool {
    guard pid <= 1 << 22, pid >= -1 else { return false }
    switch kind {
    case .pageAlloc:
      return pfn & blockMask == 0 || pfn == Event.noFrame || order > Event.orderLimit
    case .pageFree: return pfn & blockMask == 0 || order > Event.orderLimit
    case .pageRefModAndTest, .pageRefModUnless, .pageRefFreeze:
      return result & ~1 == 0 && (order < 16 || order == .max)
    case .pageRefSet, .pageRefMod, .pageRefModAndReturn, .pageRefUnfreeze:
      return order < 16 || order == .max
    default: return true
    }
  }

  /// The bits of a frame number that are 0 at the head of a block.
  @inline(__always)
  private var blockMask: UInt64 { (1 &<< UInt64(order & 31)) &- 1 }
}
