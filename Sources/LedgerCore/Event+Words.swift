extension Event {
  /// The fields that the event's kind uses, `name=value`, in the kernel's own words.
  public var words: String {
    switch kind {
    case .pageRefSet, .pageRefMod, .pageRefUnfreeze: counts
    case .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless, .pageRefFreeze:
      counts + " ret=\(result)"
    case .pageAlloc: allocation
    case .pageFree: "pfn=\(hex(pfn)) order=\(order)"
    case .pageFreeBatched, .badPage, .lruInsertion, .lruActivate: frame
    case .kvmPageFault:
      "vcpu=\(value) address=\(hex(word)) error_code=\(hex(pointer))"
    case .kvmSpteRequested:
      "gfn=\(hex(word)) pfn=\(hex(pfn)) level=\(order)"
    case .kvmSetSpte:
      "gfn=\(hex(pointer)) spte=\(hex(word)) level=\(order)"
    case .kvmUserspaceExit: exit
    case .hvaToPfn: "addr=\(hex(word))"
    case .hvaToPfnReturn: "ret=\(hex(word))"
    case .splitPage, .prepCompoundPage, .freePages, .ttmPageFree: "\(frame) order=\(order)"
    case .gapCloses: value > 0 ? "lost=\(value)" : "lost=?"
    case .other, .gapOpens, .complaint: ""
    default: rareWords
    }
  }

  private var counts: String {
    let flags = gaps.contains(.pageFlags) ? "" : " flags=\(hex(word))"
    return
      "pfn=\(hex(pfn))\(flags) count=\(count) mapcount=\(mapcount) val=\(value)"
  }

  private var allocation: String {
    let head = "pfn=\(hex(pfn)) order=\(order)"
    if gaps.contains(.gfp) { return head + " gfp_flags unreadable" }
    if order == 0 { return head + " gfp_flags=\(hex(word))" }
    let isCompound = word & GfpFlags.compound != 0
    return head + (isCompound ? " with __GFP_COMP" : " without __GFP_COMP")
      + (word == 0 ? "" : " gfp_flags=\(hex(word))")
  }

  private var exit: String {
    gaps.contains(.exitErrno)
      ? "reason=\(value), errno not printed" : "reason=\(value) errno=\(result)"
  }
}

/// A number as the kernel prints addresses and frames: `0x1400`.
public func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
