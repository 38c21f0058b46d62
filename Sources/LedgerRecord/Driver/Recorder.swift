public import LedgerInput

/// Records one command.
public struct Recorder {
  /// How a recording ended.
  public struct Outcome: Sendable {
    /// How the command ended; nil when there was none, or when it outlived the recording.
    public var end: ProcessEnd?
    /// The signal that ended the recording, 0 for none.
    public var signal: Int32 = 0
    /// What was recorded: the plan without what the kernel refused.
    public var plan: Plan
    /// What the kernel refused.
    public var refusals: [Plan.Omission]
  }

  /// Who saves the trace.
  public enum Means: Sendable {
    /// This process, with tracefs alone.
    case tracefs
    /// trace-cmd, at this path.
    case traceCmd(String)
  }

  private let plan: Plan
  private let output: String
  private let means: Means

  /// A recorder of a plan into a file.
  public init(_ plan: Plan, output: String, means: Means) {
    (self.plan, self.output, self.means) = (plan, output, means)
  }

  /// Records until the command ends, or a signal comes; without a command until a signal comes.
  public func run(_ command: [String]) throws(RecordError) -> Outcome {
    StopSignals.watch()
    let session = Session(plan, id: OwnProcess.id)
    defer { session.close() }
    try Self.writing { () throws(WriteError) in try WholeFile.check(output) }
    try session.open()
    var outcome = Outcome(plan: session.plan, refusals: session.refusals)
    switch means {
    case .tracefs: try record(command, session, &outcome)
    case .traceCmd(let program):
      try TraceCmdRecorder(plan: plan, output: output, program: program)
        .run(session, command, &outcome)
    }
    session.close()
    outcome.refusals = session.refusals
    return outcome
  }

  private func record(_ command: [String], _ session: Session, _ outcome: inout Outcome)
    throws(RecordError)
  {
    let reader = try BufferReader(
      folder: session.folder, tracefs: plan.facts.tracefs, output: output)
    let child = try Self.start(command, session)
    outcome.end = try Self.await(child, reader, &outcome)
    session.markFilters()
    session.record(false)
    try reader.finish()
    try Self.save(session, reader, to: output)
  }

  /// Writes what was read as a capture.
  static func save(_ session: Session, _ reader: BufferReader, to output: String)
    throws(RecordError)
  {
    try writing { () throws(WriteError) in
      let file = try PrivateFile(path: output)
      var writer = TraceDatWriter(
        plan: session.plan, folder: session.folder, group: session.group, unit: reader.unit)
      try writer.write(reader.buffers, to: file)
      try file.commit()
    }
  }

  /// Lets the command begin when everything is set.
  static func start(_ command: [String], _ session: Session) throws(RecordError)
    -> RecordedCommand?
  {
    let child = try writing { () throws(WriteError) in
      command.isEmpty ? nil : try RecordedCommand(command)
    }
    guard let child else {
      session.record(true)
      session.markFilters()
      return nil
    }
    do throws(RecordError) {
      if session.plan.followsTasks { try session.follow(child.id) }
    } catch {
      child.abandon()
      throw error
    }
    session.record(true)
    session.markFilters()
    do throws(WriteError) { try child.release() } catch {
      throw .unusable(reason: "\(command.first ?? ""): \(error.reason)")
    }
    return child
  }

  /// Empties the buffers until the end.
  private static func await(
    _ child: RecordedCommand?, _ reader: BufferReader, _ outcome: inout Outcome
  ) throws(RecordError) -> ProcessEnd? {
    while true {
      try reader.drain()
      if let end = child?.poll() { return end }
      if StopSignals.last != 0 { return farewell(child, &outcome) }
      StopSignals.pause(milliseconds: 20)
    }
  }

  /// Waits for the end while another process saves the trace.
  static func await(
    _ child: RecordedCommand?, until recorder: RecordedCommand, _ outcome: inout Outcome
  ) -> ProcessEnd? {
    while true {
      if let end = child?.poll() { return end }
      if StopSignals.last != 0 || recorder.poll() != nil { return farewell(child, &outcome) }
      StopSignals.pause(milliseconds: 20)
    }
  }

  /// Gives the command two seconds to end after a signal.
  static func farewell(_ child: RecordedCommand?, _ outcome: inout Outcome) -> ProcessEnd? {
    let signal = StopSignals.last
    outcome.signal = signal
    guard let child else { return nil }
    // The terminal gives an interrupt to all itself; other signals come to us alone.
    if signal > 0, signal != 2 { child.signal(signal) }
    for _ in 0..<100 {
      if let end = child.poll() { return end }
      StopSignals.pause(milliseconds: 20)
    }
    return nil
  }

  static func writing<Result>(_ body: () throws(WriteError) -> Result)
    throws(RecordError) -> Result
  {
    do throws(WriteError) { return try body() } catch { throw .unusable(reason: error.reason) }
  }
}
