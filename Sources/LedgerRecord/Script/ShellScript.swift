/// A plan as a script for a machine that has neither PageLedger nor trace-cmd: a POSIX shell, tracefs and root will do.
public enum ShellScript {
  /// The whole script; a plan that overwrites is kept as a ring, which `triggers` end beside the kernel's complaints.
  public static func text(_ plan: Plan, triggers: [Flight.Trigger] = []) -> String {
    let run = plan.overwrites ? PackageResources.flight_sh : PackageResources.whole_sh
    let body = String(decoding: PackageResources.recorder_sh, as: UTF8.self)
      .replacing("#@run\n", with: String(decoding: run, as: UTF8.self))
    var lines: [String] = []
    for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
      switch line {
      case "#@title": lines += title(plan)
      case "#@names": lines += names(plan)
      case "#@filters":
        let mark = Session.mark(plan.filters)
        lines +=
          mark.map { ["  put 1 \"$I/tracing_on\"", "  put \(quoted($0)) \"$I/trace_marker\""] }
          ?? []
      case "#@settings": lines += settings(plan)
      case "#@probes": lines += plan.probes.map(probe)
      case "#@events": lines += plan.tracepoints.flatMap(event)
      case "#@size":
        lines.append(
          "put \(plan.bufferKB) \"$I/buffer_size_kb\" || die 'no memory for the buffers'")
      case "#@triggers": lines += alarms(plan, triggers)
      case "#@command": lines += command(plan)
      default: lines.append(String(line))
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Whether a capture is there already can be said of one name only.
  private static func names(_ plan: Plan) -> [String] {
    plan.overwrites
      ? ["stem=$dir", "suffix=${out#\"$dir\"}"]
      : ["if [ -e \"$dir\" ] || [ -e \"$out\" ]; then die \"$out is there already\"; fi"]
  }

  private static func title(_ plan: Plan) -> [String] {
    let kernel = plan.facts.release.isEmpty ? "" : " on Linux \(plan.facts.release)"
    let wish = PlanText.list(plan.wanted).replacingNewlines
    let first = "# Records what rules of pageledger need\(kernel): \(wish)"
    guard plan.overwrites else { return [first] }
    return [
      first,
      "# Keeps a ring, and saves it as NAME-1, NAME-2, ... when something goes wrong, or by kill -USR1.",
    ]
  }

  private static func settings(_ plan: Plan) -> [String] {
    [
      "put \(quoted(plan.clock)) \"$I/trace_clock\" || say 'the clock \(plan.clock) is refused'",
      "put \(plan.overwrites ? 1 : 0) \"$I/options/overwrite\"",
    ]
  }

  private static func probe(_ probe: Plan.Probe) -> String {
    let forms = probe.forms.map { form in
      let type = form.prefix { $0 != ":" }
      let rest = form.drop { $0 != " " }.dropFirst()
      return "\(quoted(String(type))) \(quoted(String(rest)))"
    }
    return "probe \(probe.name) \(forms.joined(separator: " "))"
  }

  private static func event(_ point: Plan.Tracepoint) -> [String] {
    var lines: [String] = []
    if let condition = point.stackCondition {
      lines.append("chain \(point.group) \(point.name) \(quoted(condition))")
    }
    let filter = point.filter.isEmpty ? "" : " " + quoted(point.filter)
    return lines + ["event \(point.group) \(point.name)\(filter)"]
  }

  /// What ends a ring. The kernel stops by itself, so that nothing is overwritten until the script looks.
  private static func alarms(_ plan: Plan, _ triggers: [Flight.Trigger]) -> [String] {
    Alarm.all(of: plan, triggers, isAlone: true).map { alarm in
      "trigger \(alarm.group ?? "\"$G\"") \(alarm.name) \(quoted(alarm.command))"
    }
  }

  private static func command(_ plan: Plan) -> [String] {
    let end = plan.overwrites ? " <&3 3<&- &" : ""
    guard plan.followsTasks else { return ["  \"$@\"\(end)"] }
    return [
      "  put 1 \"$I/options/event-fork\"",
      "  I=$I sh -c 'echo $$ > \"$I/set_event_pid\" || exit 2; exec \"$@\"' record \"$@\"\(end)",
    ]
  }

  /// A word of the shell.
  static func quoted(_ text: String) -> String {
    var word = "'"
    for character in text { word += character == "'" ? "'\\''" : String(character) }
    return word + "'"
  }
}

extension String {
  fileprivate var replacingNewlines: String { String(map { $0.isNewline ? " " : $0 }) }
}
