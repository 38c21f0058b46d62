internal import LedgerCore

/// The captures of a batch for reports that name them, numbered as they come.
struct CaptureList {
  /// Captures of one finding that are kept, and of all findings together.
  private static let placeLimit = 1000
  private static let sumLimit = 1 << 23

  private(set) var captures: [BatchCapture] = []
  private var taken = 0

  /// Adds the next capture; its findings have asked for its number before.
  mutating func add(_ capture: StoredCapture, _ status: CaptureStatus) {
    let row = capture.row
    var entry = BatchCapture(sighting: capture.sighting, status: status)
    entry.kind = row.kind
    entry.eventsRead = row.eventsRead
    entry.findings = Set(row.findings.map(\.id)).count
    entry.severity = row.findings.map(\.severity).max()
    entry.losses = row.losses.map(\.code)
    entry.error = row.error
    captures.append(entry)
  }

  /// The number of the capture that comes next, for a finding with so many captures already; nil when there is no room.
  mutating func take(_ known: Int) -> UInt32? {
    guard known < Self.placeLimit, taken < Self.sumLimit else { return nil }
    taken += 1
    return UInt32(exactly: captures.count)
  }
}
