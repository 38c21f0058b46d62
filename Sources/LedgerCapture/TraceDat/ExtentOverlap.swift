import LedgerCore

/// Bounds what a small file may claim to hold: every byte is the data of one CPU of one buffer, and so many CPUs are read together.
extension TraceDatLayout {
  /// More buffers of CPUs are not read; Linux has 8,192 CPUs at most.
  static let extentLimit = 1 << 15
  /// More instances of the trace buffer are not read.
  static let instanceLimit = 256
  /// A count in front of the chunks, which not all recorders include in the size.
  private static let slack: UInt64 = 64

  /// Ends data where the data of another CPU begins: else a table of CPUs that all name one place would cost the square of its
  /// size, and one wrong size would give the events of one CPU to two.
  mutating func keepExtentsApart() {
    if extents.count > Self.extentLimit {
      let dropped = extents.count - Self.extentLimit
      losses.add(.tooManyParts, count: UInt64(dropped), detail: "data of \(extents.count) CPUs")
      extents.removeLast(dropped)
    }
    let order = extents.indices.sorted { (extents[$0].offset, $0) < (extents[$1].offset, $1) }
    for (index, next) in zip(order, order.dropFirst()) {
      let room = extents[next].offset &- extents[index].offset
      guard extents[index].size > room, extents[index].size &- room > Self.slack else { continue }
      losses.add(
        .malformedSection, cpu: extents[index].cpu,
        detail:
          "data of CPU \(extents[index].cpu) and CPU \(extents[next].cpu) overlap at offset \(extents[next].offset)"
      )
      extents[index].size = room
      extents[index].isContested = true
    }
  }
}
