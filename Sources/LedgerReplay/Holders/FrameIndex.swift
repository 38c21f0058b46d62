/// Who holds a page frame without a reference: page table entries, stage-2 entries, devices.
///
/// Single pages are chained by frame, longer runs are listed under each 512 frames they touch, so that a free asks one
/// table and, for most pages, is told "nobody" at once.
struct FrameIndex {
  /// A holder's number in the table of its kind.
  typealias Number = UInt32

  private struct Node {
    var holder: Number
    var pfn: UInt64
    var pages: UInt64
    var next: UInt32
    var previous: UInt32
  }

  private static let shift: UInt64 = 9
  private var nodes = Pool(first: Node(holder: 0, pfn: 0, pages: 0, next: 0, previous: 0))
  private var singles: [UInt64: UInt32] = [:]
  /// Nodes of runs, by frame >> 9.
  private var runs: [UInt64: [UInt32]] = [:]
  /// How many holders touch each 512 frames.
  private var chunks: [UInt64: UInt32] = [:]

  var isEmpty: Bool { chunks.isEmpty }

  /// Notes a holder of `pages` frames from `pfn` on; returns what `remove` needs.
  mutating func insert(_ holder: Number, pfn: UInt64, pages: UInt64) -> UInt32 {
    let node = nodes.add(Node(holder: holder, pfn: pfn, pages: pages, next: 0, previous: 0))
    for chunk in Self.chunks(pfn, pages) {
      chunks[chunk, default: 0] += 1
      if pages > 1 { runs[chunk, default: []].append(node) }
    }
    guard pages == 1 else { return node }
    if let first = singles[pfn] {
      nodes[node].next = first
      nodes[first].previous = node
    }
    singles[pfn] = node
    return node
  }

  mutating func remove(_ node: UInt32) {
    let old = nodes[node]
    for chunk in Self.chunks(old.pfn, old.pages) {
      let left = (chunks[chunk] ?? 1) &- 1
      chunks[chunk] = left == 0 ? nil : left
      if old.pages > 1 { forget(node, inRun: chunk) }
    }
    nodes.remove(node)
    guard old.pages == 1 else { return }
    if old.next != 0 { nodes[old.next].previous = old.previous }
    guard old.previous == 0 else {
      nodes[old.previous].next = old.next
      return
    }
    singles[old.pfn] = old.next == 0 ? nil : old.next
  }

  /// Calls `body` with each holder of any frame of the range, once or more.
  func forEach(in frames: Range<UInt64>, _ body: (Number) -> Void) {
    guard !frames.isEmpty else { return }
    for chunk in Self.chunks(frames.lowerBound, UInt64(frames.count)) where chunks[chunk] != nil {
      for node in runs[chunk] ?? [] {
        let run = nodes[node]
        if (run.pfn..<run.pfn &+ run.pages).overlaps(frames) { body(run.holder) }
      }
      let first = max(frames.lowerBound, chunk << Self.shift)
      let end = min(frames.upperBound, (chunk &+ 1) << Self.shift)
      for pfn in first..<end { forEachSingle(pfn, body) }
    }
  }

  private func forEachSingle(_ pfn: UInt64, _ body: (Number) -> Void) {
    var node = singles[pfn] ?? 0
    while node != 0 {
      body(nodes[node].holder)
      node = nodes[node].next
    }
  }

  private static func chunks(_ pfn: UInt64, _ pages: UInt64) -> ClosedRange<UInt64> {
    (pfn >> shift)...((pfn &+ pages &- 1) >> shift)
  }

  private mutating func forget(_ node: UInt32, inRun chunk: UInt64) {
    guard var list = runs[chunk], let place = list.lastIndex(of: node) else { return }
    list.swapAt(place, list.count - 1)
    list.removeLast()
    runs[chunk] = list.isEmpty ? nil : list
  }
}
