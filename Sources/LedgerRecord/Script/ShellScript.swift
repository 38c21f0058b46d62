/// A plan as a script for a machine that has neither PageLedger nor trace-cmd: a POSIX shell, tracefs and root will do.
public enum ShellScript {
  /// The whole script.
  public static func text(_ plan: Plan) -> String {
    let body = String(decoding: PackageResources.recorder_sh, as: UTF8.self)
    var lines: [String] = []
    for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
      switch line {
      case "#@title": lines.append(title(plan))
      case "#@filters":
        let mark = Session.mark(plan.filters)
        lines += mark.map { ["  put \(quoted($0)) \"$I/trace_marker\""] } ?? []
      case "#@settings": lines += settings(plan)
      case "#@probes": lines += plan.probes.map(probe)
      case "#@events": lines += plan.tracepoints.flatMap(event)
      case "#@size":
        lines.append(
          "put \(plan.bufferKB) \"$I/buffer_size_kb\" || die 'no memory for the buffers'")
      case "#@command": lines += command(plan)
      default: lines.append(String(line))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func title(_ plan: Plan) -> String {
    let kernel = plan.facts.release.isEmpty ? "" : " on Linux \(plan.facts.release)"
    return "# Records what rules of pageledger need\(kernel): "
      + PlanText.list(plan.wanted).replacingNewlines
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

  private static func command(_ plan: Plan) -> [String] {
    guard plan.followsTasks else { return ["  \"$@\"", "  status=$?"] }
    return [
      "  put 1 \"$I/options/event-fork\"",
      "  I=$I sh -c 'echo $$ > \"$I/set_event_pid\" || exit 2; exec \"$@\"' record \"$@\"",
      "  status=$?",
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
