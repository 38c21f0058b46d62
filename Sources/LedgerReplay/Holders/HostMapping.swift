internal import LedgerCore

/// Entries of a process's page table that one call installed: consecutive addresses over consecutive frames.
struct HostMapping {
  enum Kind: UInt8 {
    /// A PFN entry: no reference, no rmap, GUP must not get through.
    case special
    /// An entry with a reference and a mapcount.
    case normal
    /// One entry for a whole PMD or PUD.
    case huge
    /// The page of a normal entry is on the move: nothing is mapped.
    case migration

    /// It maps a page that neither counts it nor knows of it.
    var isUncounted: Bool { self == .special || self == .huge }
  }

  var space: UInt64
  var address: UInt64
  var pages: UInt64
  var pfn: UInt64
  var vma: UInt64
  var flags: UInt32
  var kind: Kind
  /// The call's return said that it succeeded.
  var isConfirmed = false
  /// Something happened that may have changed the entry, unseen.
  var isDisputed = false
  /// A finding about it was reported.
  var isReported = false
  /// That it outlived a move of its object was reported.
  var isMoveReported = false
  /// A lookup of the entry by somebody who is not KVM.
  var lookup: Event?
  /// The call that installed it.
  var insertion: Event
  /// Node in the index of frames.
  var node: UInt32 = 0
  /// The mappings before and behind it that name the same vma.
  var vmaBefore: UInt32 = .max
  var vmaBehind: UInt32 = .max
  /// False once it has been removed and its record may be used again.
  var isLive = true

  var end: UInt64 { address &+ pages &* 4096 }

  /// True if the entry for `address` maps `pfn`.
  func maps(_ pfn: UInt64, in range: Range<UInt64>) -> Bool {
    guard pfn >= self.pfn, pfn &- self.pfn < pages else { return false }
    return range.contains(address &+ (pfn &- self.pfn) &* 4096)
  }

  /// The part that lies in a range of addresses, in whole pages; a huge entry is not divided.
  func clipped(to range: Range<UInt64>) -> HostMapping {
    guard kind != .huge else { return self }
    var part = self
    part.address = max(address, range.lowerBound & ~0xfff)
    part.pfn = pfn &+ (part.address &- address) >> 12
    part.pages = (min(end, range.upperBound) &- part.address &+ 4095) >> 12
    return part
  }

  /// The pages that lie at user addresses in `range`.
  func frames(in range: Range<UInt64>) -> Range<UInt64> {
    let first = max(address, range.lowerBound)
    let last = min(end, range.upperBound)
    guard first < last else { return pfn..<pfn }
    return pfn &+ (first &- address) >> 12..<pfn &+ (last &- address &+ 4095) >> 12
  }
}

/// include/linux/mm.h, the same bits from 5.4 to 7.1.
enum VMFlags {
  static let write: UInt32 = 0x2
  static let shared: UInt32 = 0x8
  static let mayWrite: UInt32 = 0x20
  static let pfnmap: UInt32 = 0x400

  /// include/linux/mm.h:is_cow_mapping
  static func isCow(_ flags: UInt32) -> Bool { flags & (shared | mayWrite) == mayWrite }
}
