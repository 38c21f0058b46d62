import LedgerInput

/// Lets trace-cmd save what a session sets up.
///
/// The session makes the instance and the probes and removes them; trace-cmd reads the instance and writes the file. The command is ours,
/// so that it begins when trace-cmd records and its exit code is not lost.
struct TraceCmdRecorder {
  let plan: Plan
  let output: String
  let program: String
  private static let patience = 1500
  /// So long, in rounds of 50 ms, trace-cmd must have been idle before it is told to stop.
  private static let rest = 10

  /// The words of the command.
  static func words(_ plan: Plan, program: String, session: String, group: String, output: String)
    -> [String]
  {
    var words = [program, "record", "-q", "-o", output, "-B", session]
    words += ["-C", plan.clock, "-b", "\(plan.bufferKB)"]
    for point in plan.tracepoints {
      words += ["-e", "\(point.group):\(point.name)"]
      if !point.filter.isEmpty { words += ["-f", point.filter] }
      if let condition = point.stackCondition { words += ["-R", "stacktrace if \(condition)"] }
    }
    for probe in plan.probes { words += ["-e", "\(group):\(probe.name)"] }
    return words
  }

  func run(_ session: Session, _ command: [String], _ outcome: inout Recorder.Outcome)
    throws(RecordError)
  {
    // trace-cmd sets the events itself.
    session.suspend()
    // trace-cmd follows links: nobody else may plant one under the names of its files.
    let folder = "\(output).pageledger-\(OwnProcess.id)"
    let temporary = "\(folder)/trace.dat"
    do throws(HostFile.Refusal) { try HostFile.makeFolder(folder) } catch {
      throw .unusable(reason: "\(folder): \(error.reason)")
    }
    defer { Self.remove(folder) }
    let words = Self.words(
      session.plan, program: program, session: session.name, group: session.group,
      output: temporary)
    do throws(WriteError) {
      let child = command.isEmpty ? nil : try RecordedCommand(command)
      defer { child?.abandon() }
      let recorder = try RecordedCommand(words, isServant: true)
      try recorder.release()
      try awaitStart(session, recorder)
      if plan.followsTasks, let child {
        do throws(RecordError) { try session.follow(child.id) } catch {
          throw .failed(reason: error.message)
        }
      }
      session.markFilters()
      do throws(WriteError) { try child?.release() } catch {
        recorder.signal(2)
        _ = recorder.wait()
        throw .failed(reason: "\(command.first ?? ""): \(error.reason)")
      }
      outcome.end = Recorder.await(child, until: recorder, &outcome)
      session.markFilters()
      session.record(false)
      awaitRest(session, recorder, folder: folder)
      recorder.signal(2)
      let end = recorder.wait()
      guard HostFile.exists(temporary) else {
        throw .failed(
          reason: "trace-cmd wrote no file (it ended with \(end.map { "\($0)" } ?? "?"))")
      }
      try HostFile.rename(temporary, to: output)
    } catch { throw .unusable(reason: error.reason) }
  }

  /// Its readers wait until a buffer is half full, and may be busy then; what is left they take when they are told to stop (3.1.6).
  private func awaitRest(_ session: Session, _ recorder: RecordedCommand, folder: String) {
    var last = (session.unread, UInt64(0))
    var rounds = 0
    while recorder.poll() == nil, rounds < Self.rest {
      StopSignals.pause(milliseconds: 50)
      let size = HostFile.names(in: folder).reduce(0) {
        $0 &+ (FileIdentity(path: "\(folder)/\($1)")?.size ?? 0)
      }
      let now = (session.unread, size)
      rounds = now == last ? rounds + 1 : 0
      last = now
    }
  }

  private static func remove(_ folder: String) {
    for name in HostFile.names(in: folder) { HostFile.remove("\(folder)/\(name)") }
    try? HostFile.removeFolder(folder)
  }

  private func awaitStart(_ session: Session, _ recorder: RecordedCommand) throws(WriteError) {
    for _ in 0..<Self.patience {
      if session.isRecording { return }
      if let end = recorder.poll() { throw .failed(reason: "trace-cmd ended with \(end)") }
      StopSignals.pause(milliseconds: 20)
    }
    recorder.signal(2)
    throw .failed(reason: "trace-cmd does not begin to record")
  }
}
