public import LedgerCore
internal import LedgerInput

/// The entries of a scatter list in a record of `dma_map_sg` or `dma_unmap_sg`: one record, many pages.
///
/// include/trace/events/dma.h, 6.12 on: arrays of the physical addresses and, for a map, of the lengths that the device
/// sees. The IOMMU may have merged entries; then the lengths are not those of the pages, and each entry counts for the page
/// that it begins in.
struct ScatterList: Sendable {
  private var addresses: FormatField
  private var lengths: FormatField?

  /// include/trace/events/dma.h:DMA_TRACE_MAX_ENTRIES is 128; a sub-buffer holds no more than this.
  private static let limit = 4096

  /// Where the lists of a format lie; nil for other events.
  init?(_ format: EventFormat) {
    let kind = format.tracepointKind
    guard kind == .dmaMapSg || kind == .dmaUnmapSg,
      let addresses = format.field("phys_addrs") ?? format.field("addrs"),
      addresses.shape == .located
    else { return nil }
    self.addresses = addresses
    lengths = format.field("lengths").flatMap { $0.shape == .located ? $0 : nil }
  }

  /// The events of a record; `event` has all but the entries. nil when an array reaches beyond the record.
  func events(
    _ bytes: RawSpan, _ start: Int, _ count: Int, _ swapped: Bool, like event: Event
  ) -> [Event]? {
    guard let pages = place(addresses, bytes, start, count, swapped) else { return nil }
    var sizes = start..<start
    if let lengths {
      guard let place = place(lengths, bytes, start, count, swapped) else { return nil }
      sizes = place
    }
    let entries = min(pages.count / 8, Self.limit)
    let isMerged = sizes.count / 4 != pages.count / 8
    return (0..<entries).map { index in
      var entry = event
      let at = pages.lowerBound + index * 8
      let address = swapped ? bytes.u64(at).byteSwapped : bytes.u64(at)
      var size: UInt64 = 1
      if !isMerged {
        let at = sizes.lowerBound + index * 4
        size = UInt64(swapped ? bytes.u32(at).byteSwapped : bytes.u32(at))
      }
      entry.fillEntry(address: address, size: size)
      return entry
    }
  }

  private func place(
    _ field: FormatField, _ bytes: RawSpan, _ start: Int, _ count: Int, _ swapped: Bool
  ) -> Range<Int>? {
    guard field.size == 4, field.offset >= 0, field.offset + 4 <= count else { return nil }
    let raw = bytes.u32(start + field.offset)
    let word = swapped ? raw.byteSwapped : raw
    let (offset, size) = (Int(word & 0xffff), Int(word >> 16))
    guard offset + size <= count else { return nil }
    return start + offset..<start + offset + size
  }
}

extension Event {
  /// Makes it the event of one entry of a scatter list.
  public mutating func fillEntry(address: UInt64, size: UInt64) {
    word = address
    pointer = size
    pfn = address >> 12 < Event.frameLimit ? address >> 12 : Event.noFrame
  }
}

extension EventKind {
  /// Its record holds a list: one event an entry.
  public var isList: Bool { self == .dmaMapSg || self == .dmaUnmapSg }
}
