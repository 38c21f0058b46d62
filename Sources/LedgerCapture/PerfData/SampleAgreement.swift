import LedgerCore

/// Watches that a sample says the same as the tracepoint's record in it: the task, and through the event's number the CPU.
///
/// perf's task is that of its own pid namespace, the record's that of the machine: where they differ as a rule they say nothing
/// (kernel/events/core.c:perf_event_pid_type, 6.1).
struct SampleAgreement {
  private var agreeing: UInt64 = 0
  private var strangers: UInt64 = 0
  private var stranger: (cpu: UInt16, time: UInt64)?
  private var misplaced: UInt64 = 0
  private var firstMisplaced: (cpu: UInt16, time: UInt64)?

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
    guard tid != -1 else { return }
    strangers &+= 1
    if stranger == nil { stranger = (event.cpu, event.time) }
  }

  /// The event's number was opened on another CPU.
  @inline(never)
  mutating func noteMisplaced(_ event: Event) {
    misplaced &+= 1
    if firstMisplaced == nil { firstMisplaced = (event.cpu, event.time) }
  }

  /// Adds what contradicts itself.
  func settle(_ losses: inout LossLedger) {
    if let stranger, strangers < agreeing {
      losses.add(
        .malformedEvent, count: strangers, cpu: Int(stranger.cpu),
        detail: "a sample's task is not that of its record, at time \(stranger.time)")
    }
    if let first = firstMisplaced {
      losses.add(
        .malformedEvent, count: misplaced, cpu: Int(first.cpu),
        detail: "a sample's event is one of another CPU, at time \(first.time)")
    }
  }
}
