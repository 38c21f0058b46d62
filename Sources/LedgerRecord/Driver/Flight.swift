import LedgerInput

/// Keeps the last events in a small ring and saves them when something goes wrong.
public struct Flight {
  /// An event that ends the ring, with a condition on its fields.
  public struct Trigger: Sendable, Equatable {
    /// `page_ref:page_ref_mod`, or a probe's name.
    public var event: String
    /// Empty for always.
    public var condition: String

    /// Reads `EVENT` or `EVENT if CONDITION`; nil when it is neither.
    public init?(_ words: String) {
      let parts = words.split(separator: " ", maxSplits: 2).map(String.init)
      guard let event = parts.first, parts.count == 1 || parts.count == 3 && parts[1] == "if",
        event.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" || $0 == "-" })
      else { return nil }
      self.event = event
      condition = parts.count == 3 ? parts[2] : ""
    }

    /// What the kernel is told. Without a condition it would stop before it records the event
    /// (include/linux/trace_events.h:trace_trigger_soft_disabled), so there is one that always holds.
    var command: String { "traceoff if \(condition.isEmpty ? "common_pid >= 0" : condition)" }
  }

  /// Throws when a trigger is on no event of the kernel's groups and on no probe of the plan.
  public static func check(_ triggers: [Trigger], in plan: Plan) throws(RecordError) {
    for trigger in triggers where !plan.probes.contains(where: { $0.name == trigger.event }) {
      guard trigger.event.split(separator: ":").count == 2 else {
        throw .usage(
          reason: "--trigger \(trigger.event): neither GROUP:EVENT nor a probe of --explain")
      }
    }
  }

  private let plan: Plan
  private let output: String
  private let triggers: [Trigger]
  /// So many files at most; so long after one, in rounds of 50 ms, until the next; so long for a complaint to end.
  private static let fileLimit = 32
  private static let rest = 100
  private static let patience = 10

  /// A flight recorder of a plan; files are numbered after `output`.
  public init(_ plan: Plan, output: String, triggers: [Trigger]) {
    (self.plan, self.output, self.triggers) = (plan, output, triggers)
  }

  /// Records until the command ends or a signal comes; `tell` hears of each file.
  public func run(_ command: [String], tell: (String) -> Void) throws(RecordError)
    -> Recorder.Outcome
  {
    StopSignals.watch()
    let session = Session(plan, id: OwnProcess.id)
    defer { session.close() }
    try Recorder.writing { () throws(WriteError) in try WholeFile.check(output) }
    try session.open()
    try arm(session, tell)
    var outcome = try keep(session, command, tell)
    // Nobody reads the instance any more, so that it can go.
    session.close()
    outcome.refusals = session.refusals
    return outcome
  }

  private func keep(_ session: Session, _ command: [String], _ tell: (String) -> Void)
    throws(RecordError) -> Recorder.Outcome
  {
    let reader = try BufferReader(
      folder: session.folder, tracefs: plan.facts.tracefs, output: output)
    let messages = KernelMessages()
    if messages == nil { tell("/dev/kmsg cannot be read: warnings of the kernel do not trigger") }
    var outcome = Recorder.Outcome(plan: session.plan, refusals: session.refusals)
    let child = try Recorder.start(command, session)
    var files = 0
    var quiet = 0
    while true {
      quiet = max(0, quiet - 1)
      if let cause = cause(session, messages), quiet == 0 {
        files += 1
        try dump(session, reader, number: files)
        tell("\(Self.name(output, files)): \(cause)")
        if files == Self.fileLimit { tell("\(files) files: no more are written") }
        quiet = files < Self.fileLimit ? Self.rest : .max
      } else if quiet > 0, !session.isRecording {
        session.record(true)
      }
      if let end = child?.poll() {
        outcome.end = end
        break
      }
      if StopSignals.last != 0 {
        outcome.end = Recorder.farewell(child, &outcome)
        break
      }
      StopSignals.pause(milliseconds: 50)
    }
    return outcome
  }

  /// What the kernel ends by itself, and what the user has chosen.
  private func arm(_ session: Session, _ tell: (String) -> Void) throws(RecordError) {
    for alarm in Alarm.all(of: session.plan, triggers, isAlone: false) {
      let event = "\(alarm.group ?? session.group)/\(alarm.name)"
      do throws(RecordError) {
        try session.setTrigger(alarm.command, on: event)
      } catch {
        guard !alarm.isChosen else { throw error }
        tell(error.message)
      }
    }
  }

  /// Why the ring is to be saved now; nil when all is well.
  private func cause(_ session: Session, _ messages: KernelMessages?) -> String? {
    var cause: String?
    while let text = messages?.next() {
      if cause == nil, Self.isAlarm(text) { cause = text }
    }
    if StopSignals.takeDumpRequests() > 0 { return "asked for by a signal" }
    if cause == nil, !session.isRecording { return "a trigger fired" }
    if cause != nil { settle(session, messages) }
    return cause
  }

  /// The lines of a complaint come one by one, and slowly where a serial console prints them.
  private func settle(_ session: Session, _ messages: KernelMessages?) {
    for _ in 0..<Self.patience where session.isRecording {
      StopSignals.pause(milliseconds: 50)
      var isSilent = true
      while messages?.next() != nil { isSilent = false }
      if isSilent { return }
    }
  }

  /// The first line of a complaint of the kernel.
  static func isAlarm(_ text: String) -> Bool {
    let starts = [
      "WARNING: ", "BUG: ", "kernel BUG at ", "Oops", "refcount_t: ", "general protection fault",
      "Unable to handle kernel", "KASAN: ", "UBSAN: ",
    ]
    return starts.contains { text.hasPrefix($0) }
  }

  private func dump(_ session: Session, _ reader: BufferReader, number: Int) throws(RecordError) {
    if !plan.filters.isEmpty {
      session.record(true)
      session.markFilters()
    }
    session.record(false)
    try reader.finish()
    try Recorder.save(session, reader, to: Self.name(output, number))
    try reader.reset()
    session.empty()
    session.record(true)
  }

  /// `trace-2.dat` for `trace.dat`.
  static func name(_ output: String, _ number: Int) -> String {
    guard let dot = output.lastIndex(of: "."), !output[dot...].contains("/"),
      dot != output.startIndex
    else { return "\(output)-\(number)" }
    return "\(output[..<dot])-\(number)\(output[dot...])"
  }
}
