// The words of events that come by probes, and of those that are rare.
extension Event {
  /// `pfn=0x1400`, or the address of the page's `struct page` when its number is not known.
  var frame: String {
    if pfn == Event.noFrame { return "pfn=none" }
    return gaps.contains(.pageAddress) ? "page=\(hex(pfn))" : "pfn=\(hex(pfn))"
  }

  var rareWords: String {
    switch kind {
    case .insertPfn, .insertPage: "addr=\(hex(word)) \(frame)\(space) vm_flags=\(flags)"
    case .insertHuge: "addr=\(hex(word)) \(frame)\(space) vm_flags=\(flags)"
    case .insertPages, .remapRange:
      "addr=\(hex(word)) \(frame) pages=\(result)\(space) vm_flags=\(flags)"
    case .unmapRange: "addr=\(hex(word)) end=\(hex(span))\(space)"
    case .copyRange:
      "addr=\(hex(word)) end=\(hex(span)) src_mm=\(hex(pointer)) dst_mm=\(hex(extra))"
    case .moveTables: "old=\(hex(word)) new=\(hex(span)) len=\(hex(extra))\(space)"
    case .writeCopy: "address=\(hex(word))\(space) vm_flags=\(flags)"
    case .protect:
      "start=\(hex(word)) end=\(hex(extra))\(space) oldflags=\(oldFlags) newflags=\(flags)"
    case .gupFast, .gupSlow: "start=\(hex(word)) nr=\(extra)\(space) gup_flags=\(flags)"
    case .grab: "\(frame) refs=\(value)"
    case .followPte: "address=\(hex(word))\(space)"
    case .iommuMap, .dmaMap: "\(frame) iova=\(hex(word)) size=\(hex(pointer))"
    case .iommuUnmap, .dmaUnmap: "iova=\(hex(word)) size=\(hex(pointer))"
    case .dmaMapSg, .dmaUnmapSg: "phys_addr=\(hex(word)) size=\(hex(pointer))"
    case .migrationSet, .migrationHugeSet, .migrationRemoved, .migrationHugeRemoved:
      "addr=\(hex(word)) pte=\(hex(pointer))\(pfn == Event.noFrame ? "" : " " + frame)"
    case .vmaStore, .vmaErase: "start=\(hex(word)) end=\(hex(span &+ 1)) vma=\(hex(extra))"
    case .exitMmap: "mm=\(hex(word))"
    default: guestWords
    }
  }

  private var guestWords: String {
    switch kind {
    case .spteChanged, .changedSpte:
      "gfn=\(hex(pointer)) level=\(order) old_spte=\(hex(extra)) new_spte=\(hex(word))"
    case .dropSpte: "spte=\(hex(word)) sptep=\(hex(pointer))"
    case .memslot:
      "slot=\(value) gpa=\(hex(word)) hva=\(hex(extra)) pages=\(result) kvm=\(hex(pointer))"
    case .notifierStart, .notifierEnd, .unmapHva:
      "start=\(hex(word)) end=\(hex(extra))\(space)"
    case .destroyVM: "kvm=\(hex(pointer))"
    case .vcpuMap: "gfn=\(hex(word)) vcpu=\(hex(pointer))"
    case .vcpuUnmap: "vcpu=\(hex(pointer))"
    case .ttmPopulate, .ttmRelease: "tt=\(hex(word))"
    case .objectMmap, .dmabufMmap:
      "object=\(hex(pointer)) vma=\(hex(extra)) start=\(hex(word)) end=\(hex(span))"
    case .objectUnmap, .objectMove: "object=\(hex(pointer))"
    case .userFault: "address=\(hex(word)) error_code=\(hex(pointer))"
    case .zapAllFast: ""
    default: returned
    }
  }

  private var returned: String {
    let signed = Int64(bitPattern: word)
    return signed < 0 && signed > -4096 ? "ret=\(signed)" : "ret=\(hex(word))"
  }

  private var space: String { pointer == 0 ? "" : " mm=\(hex(pointer))" }
  private var flags: String { hex(UInt64(UInt32(bitPattern: value))) }
  private var oldFlags: String { hex(UInt64(UInt32(bitPattern: result))) }
}
