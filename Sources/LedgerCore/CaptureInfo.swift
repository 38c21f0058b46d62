/// What a capture says about itself.
public struct CaptureInfo: Sendable {
  /// As given on the command line; `-` for standard input.
  public var path: String
  /// `trace.dat v7`, `trace.dat v6`, `ftrace text`, `trace-cmd report text`, `perf script text`,
  /// `console log with ftrace dump`, `console log`.
  public var kind: String
  /// `uname` of the recorded machine, empty when the capture does not have it.
  public var kernel: String = ""
  /// Name of the trace clock, empty when the capture does not have it.
  public var clock: String = ""
  /// Number of CPUs that the capture covers.
  public var cpus: Int = 0
  /// Time of the first event, in the clock's unit.
  public var start: UInt64 = 0
  /// Time of the last event.
  public var end: UInt64 = 0
  /// Records read so far, of any kind.
  public var eventsRead: UInt64 = 0
  /// Events by name: for a binary capture all formats stored in it, for a text the names seen.
  public var events: [EventCount] = []
  /// The capture lists the events that were enabled, so that one that is not listed was not recorded.
  public var listsEnabledEvents = false
  /// Times are nanoseconds.
  public var timeIsNanoseconds = true
  /// Lines of the kernel's log that were read; 0 when the capture holds none.
  public var logLines: UInt64 = 0
  /// Messages of that log that the kernel itself says are missing.
  public var logDropped: UInt64 = 0
  /// A kernel log that was read beside the capture, as given on the command line; empty for none.
  public var logPath = ""
  /// Task names by thread id, as far as known.
  public var comms: [Int32: String] = [:]

  /// A capture of which nothing is known yet.
  public init(path: String, kind: String) {
    self.path = path
    self.kind = kind
  }

  /// True when different times on different CPUs tell which event came first.
  ///
  /// `local` is per CPU (kernel/trace/trace_clock.c:trace_clock_local, 6.1). A clock that is not named is
  /// given the benefit of the doubt: texts do not name it, and the counts of page_ref events reveal disorder.
  public var clockOrdersCPUs: Bool { clock != "local" && clock != "uptime" && clock != "perf" }

  /// How many events of a kind were read.
  public func count(of kind: EventKind) -> UInt64 {
    events.reduce(0) { $1.kind == kind ? $0 &+ $1.count : $0 }
  }

  /// True if the capture carries the format of an event of this kind, seen or not.
  public func lists(_ kind: EventKind) -> Bool { events.contains { $0.kind == kind } }
}

/// One event's name and how often it was read.
public struct EventCount: Sendable {
  /// Trace group, empty when a text does not print it.
  public var system: String
  /// Name of the event.
  public var name: String
  /// What it means to the replay.
  public var kind: EventKind
  /// Records read.
  public var count: UInt64

  /// A row of the table of events.
  public init(system: String, name: String, kind: EventKind, count: UInt64 = 0) {
    self.system = system
    self.name = name
    self.kind = kind
    self.count = count
  }
}
