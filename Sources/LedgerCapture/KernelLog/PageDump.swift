import LedgerCore

/// The first line of a page's dump, in all its layouts.
///
/// mm/debug.c:__dump_page to 6.8, __dump_folio from 6.9. 4.x printed `count:`; the frame number came with 5.10, and the
/// address of the struct went with 6.9.
struct PageDump {
  private(set) var count: Int32?
  private(set) var mapcount: Int32?
  private(set) var pfn: UInt64?
  private(set) var isPoisoned = false
  /// The end of the line is missing.
  private(set) var isDamaged = false

  /// Nil for a line that is none.
  init?(_ line: Substring) {
    guard let rest = line.behind(prefix: "page:") else { return nil }
    if rest.behind(" is uninitialized and poisoned") != nil {
      isPoisoned = true
      return
    }
    guard let counts = rest.behind("refcount:") ?? rest.behind(" count:"), counts.signed != nil
    else { return nil }
    count = counts.signed
    mapcount = rest.behind(" mapcount:")?.signed
    pfn = rest.behind("pfn:")?.frame
    let isWhole = rest.behind(" mapping:") != nil && rest.behind(" index:")?.hex != nil
    isDamaged = mapcount == nil || !isWhole || (rest.behind("pfn:") != nil && pfn == nil)
  }

  /// A complaint that consists of the dump alone.
  var complaint: KernelComplaint {
    var complaint = KernelComplaint(kind: .pageDump)
    fill(&complaint)
    return complaint
  }

  /// Adds what the dump says to the complaint that it belongs to.
  func fill(_ complaint: inout KernelComplaint) {
    complaint.hasPage = true
    complaint.count = count
    complaint.mapcount = mapcount
    if isPoisoned { complaint.reason = "uninitialized and poisoned" }
    complaint.isDamaged = complaint.isDamaged || isDamaged
    if let pfn {
      // Two CPUs that print at once: whose page is it?
      if let named = complaint.pfn, named != pfn { complaint.isDamaged = true }
      complaint.pfn = complaint.pfn ?? pfn
    }
  }
}
