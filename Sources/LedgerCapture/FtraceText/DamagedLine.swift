import LedgerCore
import LedgerInput

/// Tells a line that was a page event before something damaged it from one that never was.
///
/// A serial console drops and flips bytes. What such a line said is lost like any other event: the replay must not take
/// its silence for the kernel's.
enum DamagedLine {
  /// Fields that only page_ref events print, and the names of the events that the replay counts on.
  private static let mapcount = StaticText(" mapcount=")
  private static let value = StaticText(" val=")
  private static let frame = StaticText("pfn=")
  private static let names = ["page_ref_", "mm_page_alloc:", "mm_page_free:"].map { StaticText($0) }

  /// True for the body of a page_ref event, whatever name stands before it.
  static func isPageReference(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    mapcount.firstOffset(in: bytes, from: start, to: end) != nil
      && value.firstOffset(in: bytes, from: start, to: end) != nil
  }

  /// True for a line that cannot be read as an event and yet names one of the allocator or of references.
  static func namesPageEvent(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    guard frame.firstOffset(in: bytes, from: start, to: end) != nil else { return false }
    return isPageReference(bytes, from: start, to: end)
      || names.contains { $0.firstOffset(in: bytes, from: start, to: end) != nil }
  }
}
