internal import LedgerCore

/// A virtual memory area, as far as events show it.
struct MemoryArea {
  var addresses: Range<UInt64>
  /// `struct vm_area_struct`, 0 when no event names it: a fork's and an mremap's copy.
  var vma: UInt64
  /// `vm_flags`, 0 when not known; the low 32 bits.
  var flags: UInt32
}

/// The areas of all address spaces: from probes that name a vma with its ends or its flags, and from mmap's tracepoints.
///
/// What is learnt later takes the place of what overlaps it, so that areas whose munmap no event shows go away. An area is
/// found by its address and, where the asker knows it, by its `vma`.
/// include/trace/events/mmap.h, mm/memory.c:copy_page_range, mm/mremap.c:move_page_tables, mm/mprotect.c:mprotect_fixup
struct AddressSpaces {
  private static let limit = 1 << 18

  /// By `mm`, in order of address.
  private var spaces = FewMap<UInt64, [MemoryArea]>()
  private var count = 0
  /// Address of an mm's maple tree less that of the mm: 0 in 6.1, 64 from 6.4 on; learnt from `exit_mmap`.
  private var treeOffset: UInt64?

  var isEmpty: Bool { count == 0 }

  /// The mm of a maple tree.
  func space(ofTree tree: UInt64) -> UInt64 { tree &- (treeOffset ?? 0) }

  /// `exit_mmap` names both.
  mutating func learn(space: UInt64, tree: UInt64) {
    guard treeOffset == nil, space != 0, tree >= space, tree &- space < 4096 else { return }
    let offset = tree &- space
    treeOffset = offset
    guard offset != 0 else { return }
    // What was stored by tree so far.
    let old = spaces
    spaces.removeAll()
    for (key, areas) in zip(old.keys, old.values) {
      spaces[key & 0x3f == offset & 0x3f ? key &- offset : key] = areas
    }
  }

  /// The area at an address; of another `vma` than the asker's nothing is said.
  func area(at address: UInt64, space: UInt64, vma: UInt64 = 0) -> MemoryArea? {
    guard count > 0, let list = spaces[space], let place = Self.place(of: address, in: list) else {
      return nil
    }
    let found = list[place]
    return vma == 0 || found.vma == 0 || found.vma == vma ? found : nil
  }

  /// An area is known from now on; what it overlaps is cut.
  mutating func set(_ area: MemoryArea, space: UInt64) {
    guard !area.addresses.isEmpty, space != 0 else { return }
    erase(area.addresses, space: space)
    guard count < Self.limit else { return }
    let place = Self.firstPlace(
      spaces[space] ?? [], endingAfter: area.addresses.lowerBound)
    spaces[space, default: []].insert(area, at: place)
    count += 1
  }

  /// Nothing is known of a range any more.
  mutating func erase(_ range: Range<UInt64>, space: UInt64) {
    guard !range.isEmpty, let key = spaces.place(of: space) else { return }
    let first = Self.firstPlace(spaces[at: key], endingAfter: range.lowerBound)
    var last = first
    var rest: [MemoryArea] = []
    while last < spaces[at: key].count,
      spaces[at: key][last].addresses.lowerBound < range.upperBound
    {
      let area = spaces[at: key][last]
      let old = area.addresses
      for part in [
        old.lowerBound..<max(old.lowerBound, min(old.upperBound, range.lowerBound)),
        min(old.upperBound, max(old.lowerBound, range.upperBound))..<old.upperBound,
      ] where !part.isEmpty {
        rest.append(MemoryArea(addresses: part, vma: area.vma, flags: area.flags))
      }
      last += 1
    }
    guard last > first else { return }
    spaces[at: key].replaceSubrange(first..<last, with: rest)
    count += rest.count - (last - first)
    if spaces[at: key].isEmpty { spaces.remove(space) }
  }

  /// The process is gone.
  mutating func remove(space: UInt64) { count -= spaces.take(space)?.count ?? 0 }

  /// `vm_flags` of a vma, as an event inside of it says.
  mutating func note(flags: UInt32, vma: UInt64, at address: UInt64, space: UInt64) {
    guard count > 0, flags != 0, let list = spaces.place(of: space),
      let place = Self.place(of: address, in: spaces[at: list])
    else { return }
    let area = spaces[at: list][place]
    if area.vma != 0, vma != 0, area.vma != vma {
      // The area has been replaced, unseen.
      return erase(area.addresses, space: space)
    }
    // As a rule, nothing new: an area's pages are mapped one by one.
    guard area.flags != flags || (vma != 0 && area.vma != vma) else { return }
    spaces[at: list][place].flags = flags
    if vma != 0 { spaces[at: list][place].vma = vma }
  }

  /// `vm_flags` of a range change.
  mutating func protect(_ range: Range<UInt64>, space: UInt64, flags: UInt32) {
    guard count > 0, !range.isEmpty, let area = area(at: range.lowerBound, space: space) else {
      return
    }
    let part = range.clamped(to: area.addresses)
    set(
      MemoryArea(
        addresses: part, vma: part == area.addresses ? area.vma : 0, flags: flags), space: space)
  }

  /// `copy_page_range`: the child has an area like the parent's.
  mutating func copy(_ range: Range<UInt64>, from parent: UInt64, to child: UInt64) {
    var area =
      area(at: range.lowerBound, space: parent)
      ?? MemoryArea(addresses: range, vma: 0, flags: 0)
    if area.addresses != range {
      area = MemoryArea(addresses: range, vma: 0, flags: area.flags)
    }
    set(area, space: parent)
    area.vma = 0
    set(area, space: child)
  }

  /// `move_page_tables`: what lay at the old addresses lies at the new ones.
  mutating func move(_ range: Range<UInt64>, to start: UInt64, space: UInt64) {
    guard count > 0, let area = area(at: range.lowerBound, space: space) else { return }
    let part = range.clamped(to: area.addresses)
    let (end, overflow) = start.addingReportingOverflow(UInt64(part.count))
    erase(part, space: space)
    guard !overflow, end < HostTables.addressLimit else { return }
    set(MemoryArea(addresses: start..<end, vma: 0, flags: area.flags), space: space)
  }

  /// The area that an address lies in.
  private static func place(of address: UInt64, in list: [MemoryArea]) -> Int? {
    let place = firstPlace(list, endingAfter: address)
    return place < list.count && list[place].addresses.contains(address) ? place : nil
  }

  private static func firstPlace(_ list: [MemoryArea], endingAfter address: UInt64) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].addresses.upperBound > address { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
