import LedgerCore

/// Makes one gap of those that overlap on a CPU which several buffers share.
struct GapUnion: Sendable {
  /// Open gaps by CPU.
  private var depth: [UInt16: Int] = [:]

  /// nil when no two buffers have data of one CPU.
  init?(_ layout: TraceDatLayout) {
    guard Set(layout.extents.map(\.cpu)).count < layout.extents.count else { return nil }
  }

  /// Takes the marks inside a gap out of a batch.
  mutating func unite(_ batch: inout EventBatch) {
    var kept = 0
    let isDetailed = !batch.details.isEmpty
    for place in batch.events.indices {
      guard keeps(batch.events[place]) else { continue }
      if kept != place {
        batch.events[kept] = batch.events[place]
        if isDetailed { batch.details[kept] = batch.details[place] }
      }
      kept += 1
    }
    batch.events.removeLast(batch.events.count - kept)
    if isDetailed { batch.details.removeLast(batch.details.count - kept) }
  }

  private mutating func keeps(_ event: Event) -> Bool {
    guard event.kind.isGap else { return true }
    let open = depth[event.cpu, default: 0]
    if event.kind == .gapOpens {
      depth[event.cpu] = open + 1
      return open == 0
    }
    depth[event.cpu] = max(0, open - 1)
    return open <= 1
  }
}
