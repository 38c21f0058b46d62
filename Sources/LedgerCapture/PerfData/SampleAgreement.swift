import LedgerCore

/// Watches that a sample says the same as the tracepoint's record in it: the task, and through the event's number the CPU.
///
/// perf's task is that of its own pid namespace, the record's that of the machine: where they differ as a rule they say nothing
/// (kernel/events/core.c:perf_event_pid_type, 6.1).
struct SampleAgreement {
  private struct Tally {
    var count: UInt64 = 0
    /// Of the first.
    var cpu: UInt16 = 0
    var time: UInt64 = 0

    mutating func note(_ event: Event) {
      if count == 0 { (cpu, time) = (event.cpu, event.time) }
      count &+= 1
    }
  }

  private var agreeing: UInt64 = 0
  private var strangers = Tally()
  private var misplaced = Tally()

  /// `tid` is the sample's task, the event's that of the tracepoint's record.
  @inline(__always)
  mutating func note(_ event: Event, tid: Int32) {
    if event.pid == tid {
      if tid > 0 { agreeing &+= 1 }
      return
    }
    noteStranger(event, tid)
  }

  @inline(never)
  private mutating func noteStranger(_ event: Event, _ tid: Int32) {
    // A task that ends has no number of its own any more.
    if tid != -1 { strangers.note(event) }
  }

  /// The event's number was opened on another CPU.
  @inline(never)
  mutating func noteMisplaced(_ event: Event) { misplaced.note(event) }

  /// Adds what contradicts itself.
  func settle(_ losses: inout LossLedger) {
    if strangers.count < agreeing { add("task is not that of its record", strangers, &losses) }
    add("event is one of another CPU", misplaced, &losses)
  }

  private func add(_ words: String, _ tally: Tally, _ losses: inout LossLedger) {
    guard tally.count > 0 else { return }
    losses.add(
      .malformedEvent, count: tally.count, cpu: Int(tally.cpu),
      detail: "a sample's \(words), at time \(tally.time)")
  }
}
