/// A set of page frames as ascending ranges; adding is cheap in any order.
struct FrameSet {
  private var ranges: [ClosedRange<UInt64>] = []
  private var recent: [UInt64] = []
  private static let recentLimit = 4096

  mutating func insert(_ pfn: UInt64) {
    if let last = ranges.last, recent.isEmpty {
      if last.contains(pfn) { return }
      if pfn == last.upperBound &+ 1 {
        ranges[ranges.count - 1] = last.lowerBound...pfn
        return
      }
    }
    recent.append(pfn)
    if recent.count >= Self.recentLimit { settle() }
  }

  mutating func insert(_ pages: ClosedRange<UInt64>) {
    settle()
    ranges.append(pages)
    recent.append(pages.lowerBound)
    settle()
  }

  /// The pages as ascending, disjoint, non-adjacent ranges.
  mutating func settled() -> [ClosedRange<UInt64>] {
    settle()
    return ranges
  }

  private mutating func settle() {
    guard !recent.isEmpty else { return }
    let all = (ranges + recent.map { $0...$0 }).sorted { $0.lowerBound < $1.lowerBound }
    recent.removeAll(keepingCapacity: true)
    ranges.removeAll(keepingCapacity: true)
    for range in all {
      guard let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 else {
        ranges.append(range)
        continue
      }
      ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }
  }
}
