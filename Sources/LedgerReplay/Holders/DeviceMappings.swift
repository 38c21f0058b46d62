internal import LedgerCore

/// A range of pages that a device may reach.
struct DeviceMapping {
  var event: Event
  var pages: UInt64
  var node: UInt32 = 0
  /// The same bus address was mapped again: several domains or devices, which the events do not tell apart.
  var isDisputed = false
  var isReported = false
  /// False once it has been removed and its record may be used again.
  var isLive = true
}

/// What devices may reach: IOMMU and DMA mappings by bus address. include/trace/events/iommu.h, dma.h
struct DeviceMappings {
  private static let limit = 1 << 22
  /// Larger ones are identity maps of whole machines.
  private static let pageLimit: UInt64 = 1 << 24

  private var records = Pool<DeviceMapping>()
  private var places: [UInt64: UInt32] = [:]
  /// Entries of scatter lists by physical address; several devices may map the same page.
  private var lists: [UInt64: [UInt32]] = [:]
  private var listed = 0
  private(set) var frames = FrameIndex()
  /// An unmap was seen that no known mapping answers to: entries may have gone unseen.
  private(set) var isUnreliable = false

  subscript(number: UInt32) -> DeviceMapping {
    get { records[number] }
    set { records[number] = newValue }
  }

  /// False when the address is mapped already.
  mutating func map(_ event: Event) -> Bool {
    guard places.count < Self.limit, event.pfn < Event.frameLimit, event.pointer > 0 else {
      return true
    }
    if let place = places[event.word] {
      records[place].isDisputed = true
      return false
    }
    let pages = event.pointer.addingReportingOverflow(4095).partialValue >> 12
    guard pages > 0, pages <= Self.pageLimit else { return true }
    let number = records.add(DeviceMapping(event: event, pages: pages))
    records[number].node = frames.insert(number, pfn: event.pfn, pages: pages)
    places[event.word] = number
    return true
  }

  /// drivers/iommu/iommu.c:iommu_unmap may undo several maps at once. False when nothing is known at the address.
  mutating func unmap(_ event: Event) -> Bool {
    let (end, overflow) = event.word.addingReportingOverflow(event.pointer)
    guard !overflow, places[event.word] != nil else {
      isUnreliable = true
      return false
    }
    var address = event.word
    while address < end, let number = places[address] {
      address &+= max(records[number].event.pointer, 4096)
      if !records[number].isDisputed { remove(number) }
    }
    return true
  }

  /// One entry of a scatter list: what undoes it names the same physical address. kernel/dma/mapping.c, 6.12 on
  mutating func mapEntry(_ event: Event) {
    guard places.count + listed < Self.limit, event.pfn < Event.frameLimit, event.pointer > 0
    else { return }
    let (size, overflow) = (event.word & 0xfff).addingReportingOverflow(event.pointer)
    let pages = size.addingReportingOverflow(4095).partialValue >> 12
    guard !overflow, pages > 0, pages <= Self.pageLimit else { return }
    let number = records.add(DeviceMapping(event: event, pages: pages))
    records[number].node = frames.insert(number, pfn: event.pfn, pages: pages)
    lists[event.word, default: []].append(number)
    listed += 1
  }

  /// False when no entry of the address is known.
  mutating func unmapEntry(_ event: Event) -> Bool {
    guard let number = lists[event.word]?.popLast() else {
      isUnreliable = true
      return false
    }
    if lists[event.word]?.isEmpty == true { lists[event.word] = nil }
    listed -= 1
    frames.remove(records[number].node)
    records[number].isLive = false
    records.remove(number)
    return true
  }

  /// A mapping that covers a frame; nil when none does.
  func number(of pfn: UInt64) -> UInt32? {
    var found: UInt32?
    frames.forEach(in: pfn..<pfn &+ 1) { found = $0 }
    return found
  }

  private mutating func remove(_ number: UInt32) {
    let old = records[number]
    frames.remove(old.node)
    records[number].isLive = false
    places[old.event.word] = nil
    records.remove(number)
  }
}
