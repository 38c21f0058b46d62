import LedgerCore
import LedgerFormat
import LedgerInput

/// Bodies of dma_map_sg and dma_unmap_sg: `DEVICE dir=… dma_addrs={0x…,0x…} sizes={0x…,…} phys_addrs={0x…,…} attrs=`.
///
/// include/trace/events/dma.h, 6.12 on; kernel/trace/trace_output.c:trace_print_array_seq. libtraceevent prints the numbers
/// in decimal, between blanks and without braces.
enum ListBody {
  private static let limit = 4096

  /// Makes `event` the first entry of the list and `rest` the others; false without physical addresses.
  static func read(_ line: borrowing LineCursor, _ event: inout Event, _ rest: inout [Event])
    -> Bool
  {
    rest.removeAll(keepingCapacity: true)
    guard let pages = numbers(line, physical) ?? numbers(line, addresses), let first = pages.first
    else { return false }
    let sizes = numbers(line, sizes) ?? numbers(line, lengths) ?? []
    let isMerged = sizes.count != pages.count
    event.fillEntry(address: first, size: isMerged ? 1 : sizes[0])
    for index in pages.indices.dropFirst() {
      var entry = event
      entry.fillEntry(address: pages[index], size: isMerged ? 1 : sizes[index])
      rest.append(entry)
    }
    return true
  }

  private static func numbers(_ line: borrowing LineCursor, _ name: StaticText) -> [UInt64]? {
    guard let start = KvmBody.value(line, name) else { return nil }
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    _ = cursor.skip(0x7b)
    var found: [UInt64] = []
    while found.count < limit, let number = cursor.number() {
      found.append(number)
      while cursor.skip(0x2c) || cursor.skip(0x20) {}
    }
    return found
  }

  private static let physical = StaticText("phys_addrs")
  private static let addresses = StaticText("addrs")
  private static let sizes = StaticText("sizes")
  private static let lengths = StaticText("lengths")
}
