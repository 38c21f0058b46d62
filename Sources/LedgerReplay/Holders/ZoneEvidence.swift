internal import LedgerCore

/// What a capture proves of the zones of its pages: whether a page lies in ZONE_MOVABLE.
///
/// Where the zone stands in page flags depends on the kernel's configuration (include/linux/page-flags-layout.h). Two
/// things can be proven without it. A page whose upper flags are those of a page that was allocated without __GFP_MOVABLE
/// lies in the same zone, which is not ZONE_MOVABLE (include/linux/gfp.h:gfp_zone). And a place for the zone that fits to
/// the frame numbers of all allocations seen, as x86-64 divides them, is the right one.
struct ZoneEvidence {
  /// Upper flags: all above the flags proper, which are fewer than 28 on 64-bit kernels (include/linux/page-flags.h).
  private static let shift: UInt64 = 28
  private static let limit = 1 << 12
  /// __GFP_HIGHMEM and __GFP_MOVABLE, the same bits from 5.4 to 7.1: only both together allow ZONE_MOVABLE.
  private static let movable: UInt64 = 0x0a

  private struct Sample: Hashable {
    var upper: UInt64
    /// 0 below 16 MiB, 1 below 4 GiB, 2 above: ZONE_DMA, ZONE_DMA32, ZONE_NORMAL.
    var zone: UInt64
    var isMovable: Bool
  }

  private var samples: Set<Sample> = []
  private var fixed: Set<UInt64> = []
  private var layouts: [(shift: UInt64, mask: UInt64)] = []

  init(_ journal: borrowing Journal) {
    var samples: Set<Sample> = []
    journal.forEachAllocation { gfp, flags, pfn in
      guard flags != 0, samples.count < Self.limit else { return }
      samples.insert(
        Sample(
          upper: flags >> Self.shift, zone: pfn < 0x1000 ? 0 : pfn < 0x10_0000 ? 1 : 2,
          isMovable: gfp & Self.movable == Self.movable))
    }
    self.samples = samples
    fixed = Set(samples.filter { !$0.isMovable }.map(\.upper))
    guard samples.contains(where: { !$0.isMovable && $0.zone > 0 }) else { return }
    for bits in UInt64(2)...3 {
      for shift in 40...(64 - bits) where fits(shift, 1 << bits - 1) {
        layouts.append((shift, 1 << bits - 1))
      }
    }
  }

  /// Whether the page of a page_ref event lies in ZONE_MOVABLE; nil where the capture does not prove either.
  func isMovable(_ event: Event) -> Bool? {
    guard !event.gaps.contains(.pageFlags), event.word != 0 else { return nil }
    let upper = event.word >> Self.shift
    if fixed.contains(upper) { return false }
    let zones = Set(layouts.map { (upper << Self.shift) >> $0.shift & $0.mask })
    guard zones.count == 1, let zone = zones.first else { return nil }
    return zone == 3
  }

  /// True if all samples have a zone that they can have when it stands there. ZONE_MOVABLE may take pages of any of the
  /// other zones; include/linux/mmzone.h:zone_type
  private func fits(_ shift: UInt64, _ mask: UInt64) -> Bool {
    samples.allSatisfy { sample in
      let zone = (sample.upper << Self.shift) >> shift & mask
      return zone == sample.zone || sample.isMovable && zone == 3
    }
  }
}
