internal import LedgerCore

/// One kind of complaint that the kernel itself prints. It is taken at its word: what it proves is that the kernel said so.
protocol ComplaintRule: Sendable {
  var description: RuleDescription { get }
  /// The complaints that it is about.
  var kind: ComplaintKind { get }
  /// The words and the weight of a finding.
  func charge(_ complaint: KernelComplaint) -> ComplaintCharge
}

/// A rule's judgement of one complaint.
struct ComplaintCharge {
  var severity: Severity
  var title: String
  var advice: String
  var doubt: String
  /// The kernel prints it in healthy systems too.
  var isLegal = false
}

extension KernelComplaint {
  /// `page 0x7071f`, with what else the kernel printed of it; empty when no page was dumped.
  var page: String {
    guard let pfn else { return hasPage ? "a page whose frame number was not printed" : "" }
    guard pages.count > 1 else { return "page \(hex(pfn))" }
    let floor = pages.count >= Self.pagesLimit ? "at least " : ""
    return "page \(hex(pfn)) and \(floor)\(pages.count - 1) more"
  }

  /// `refcount 0, mapcount 1`; empty when no page was dumped.
  var counts: String {
    let words = [count.map { "refcount \($0)" }, mapcount.map { "mapcount \($0)" }]
    return words.compactMap { $0 }.joined(separator: ", ")
  }

  /// `head, tail`, without what is empty.
  func joined(_ parts: String...) -> String {
    parts.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// Cut at a length that a title bears.
  var shortReason: String {
    reason.count > 90 ? String(reason.prefix(87)) + "..." : reason
  }

  /// `mm/gup.c:130 (try_grab_folio)`, as far as known.
  var place: String {
    switch (site.isEmpty, function.isEmpty) {
    case (true, true): "an unknown place"
    case (true, false): function
    case (false, true): site
    case (false, false): "\(site) (\(function))"
    }
  }
}
