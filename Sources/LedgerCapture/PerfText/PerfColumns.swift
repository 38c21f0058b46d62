/// Which parts of a line a `perf script` text leaves out, as its first event shows it.
struct PerfColumns: Sendable {
  private(set) var isKnown = false
  private(set) var lacksTime = false
  private(set) var lacksCPU = false
  private(set) var lacksTask = false
  /// Nothing stands behind the names of events (`-F -trace`).
  private(set) var lacksBody = false

  /// Lines without a time may be events.
  var mayLackTime: Bool { !isKnown || lacksTime }

  /// Takes the first event's parts.
  mutating func note(_ context: LineContext, lacksBody: Bool) {
    isKnown = true
    lacksTime = context.isRawTime
    lacksCPU = !context.hasCPU
    lacksTask = context.pid < 0
    self.lacksBody = lacksBody
  }

  /// What is left out, empty when nothing is.
  var missing: String {
    let names = [(lacksTime, "no time"), (lacksCPU, "no CPU"), (lacksTask, "no thread")]
    return names.filter(\.0).map(\.1).joined(separator: ", ")
  }
}
