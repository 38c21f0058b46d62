import LedgerInput
import LedgerRecord

extension RecordCommand {
  /// Records, says what became of it, and gives the command's exit code.
  func record(_ plan: Plan) throws(RecordError) -> Int32 {
    try Self.refuseWithoutTracefs(plan.facts)
    let means = try means(plan)
    if command.isEmpty { Diagnostics.say("recording until Ctrl-C") }
    let outcome =
      flight
      ? try Flight(plan, output: output, triggers: trigger.compactMap(Flight.Trigger.init))
        .run(command) { Diagnostics.say($0) }
      : try Recorder(plan, output: output, means: means).run(command)
    for refusal in outcome.refusals {
      Diagnostics.say("\(refusal.what): the kernel refuses it: \(refusal.reason)")
    }
    let rules = Planner.outlook(outcome.plan).filter { $0.isWanted && $0.isDecidable }.map(\.id)
    if flight { return Self.code(outcome, hadCommand: !command.isEmpty) }
    Diagnostics.say(
      "\(output): recorded; can decide \(rules.isEmpty ? "no rule" : PlanText.list(rules))")
    return Self.code(outcome, hadCommand: !command.isEmpty)
  }

  private func means(_ plan: Plan) throws(RecordError) -> Recorder.Means {
    switch target.with {
    case .tracefs: return .tracefs
    case .traceCmd:
      guard let program = plan.facts.traceCmd else {
        throw .unusable(reason: "trace-cmd is not installed")
      }
      return .traceCmd(program)
    case nil: return plan.facts.traceCmd.map { .traceCmd($0) } ?? .tracefs
    }
  }

  /// Says plainly what is missing; permissions are never changed.
  private static func refuseWithoutTracefs(_ facts: KernelFacts) throws(RecordError) {
    let folder = "\(facts.tracefs)/instances"
    guard let why = HostFile.whyUnwritable(folder) else { return }
    if !HostFile.isRoot {
      throw .unusable(
        reason:
          "recording needs root (\(folder): \(why.reason)); --script makes a script for one who is")
    }
    throw .unusable(
      reason: "\(folder): \(why.reason): mount tracefs (mount -t tracefs nodev /sys/kernel/tracing)"
    )
  }

  private static func code(_ outcome: Recorder.Outcome, hadCommand: Bool) -> Int32 {
    switch outcome.end {
    case .code(let code): return code
    case .signal(let number): return 128 + number
    // Without a command, an interrupt is the usual end.
    case nil: return hadCommand || outcome.signal != 2 ? 128 + outcome.signal : 0
    }
  }
}
