/// The plan as the commands that carry it out, for people who want to see or change them.
public enum PlanCommands {
  /// A line a command; `command` is what is recorded.
  public static func text(
    _ plan: Plan, command: [String], output: String, triggers: [Flight.Trigger] = []
  ) -> String {
    var lines = ["T=\(plan.facts.tracefs)", "I=$T/instances/\(Session.instancePrefix)$$"]
    lines.append("mkdir $I")
    lines.append("echo 0 > $I/tracing_on")
    lines.append("echo \(plan.clock) > $I/trace_clock")
    lines.append("echo \(plan.overwrites ? 1 : 0) > $I/options/overwrite")
    let group = "\(Session.groupPrefix)$$"
    let file = plan.facts.probeFile ?? "dynamic_events"
    for probe in plan.probes {
      // A shell gives the group its number; what follows is not for it.
      let forms = probe.definitions(group: "'\(group)'").map { "echo '\($0)' >> $T/\(file)" }
      lines.append(forms.joined(separator: " ||\n  "))
    }
    for point in plan.tracepoints {
      let folder = "$I/events/\(point.group)/\(point.name)"
      if !point.filter.isEmpty { lines.append("echo '\(point.filter)' > \(folder)/filter") }
      if let condition = point.stackCondition {
        lines.append("echo 'stacktrace if \(condition)' > \(folder)/trigger")
      }
      lines.append("echo 1 > \(folder)/enable")
    }
    if !plan.probes.isEmpty { lines.append("echo 1 > $I/events/\(group)/enable") }
    for alarm in plan.overwrites ? Alarm.all(of: plan, triggers, isAlone: false) : [] {
      let folder = "$I/events/\(alarm.group ?? group)/\(alarm.name)"
      lines.append("echo '\(alarm.command)' > \(folder)/trigger")
    }
    lines.append("echo \(plan.bufferKB) > $I/buffer_size_kb")
    lines.append("echo 1 > $I/tracing_on")
    if let mark = Session.mark(plan.filters) {
      lines.append("echo \(ShellScript.quoted(mark)) > $I/trace_marker")
    }
    if plan.followsTasks {
      lines.append("echo 1 > $I/options/event-fork")
      lines.append("echo $$ > $I/set_event_pid")
    }
    let words = command.map(ShellScript.quoted).joined(separator: " ")
    lines.append(words.isEmpty ? "sleep 60" : words)
    lines.append("echo 0 > $I/tracing_on")
    lines.append("# save $I/per_cpu/*/trace_pipe_raw to \(ShellScript.quoted(output)), then")
    lines.append("echo 0 > $I/events/enable")
    lines.append("rmdir $I")
    for probe in plan.probes {
      lines.append("echo -:\(group)/\(probe.name) >> $T/\(file)")
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
