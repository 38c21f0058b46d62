import LedgerCore

/// What ends a ring inside of the kernel, before anything more is overwritten.
struct Alarm: Equatable {
  /// The group of a tracepoint; nil for one of the plan's probes.
  var group: String?
  /// The event.
  var name: String
  /// A command for its trigger.
  var command: String
  /// The user asked for it.
  var isChosen = false

  /// Where the kernel's complaints end, so that they are in the ring, and what the user has chosen. What only a script needs to be
  /// told, because it cannot wait for the lines of a complaint, comes with `isAlone`.
  static func all(of plan: Plan, _ triggers: [Flight.Trigger], isAlone: Bool) -> [Alarm] {
    var alarms: [Alarm] = []
    let seesBadPages = plan.probes.contains { $0.name == endOfBadPage }
    if seesBadPages { alarms.append(.init(name: endOfBadPage, command: "traceoff")) }
    if plan.tracepoints.contains(where: { $0.group == "printk" && $0.name == "console" }) {
      // kernel/panic.c:print_oops_end_marker, mm/kasan/report.c:print_memory_metadata
      var condition = any(of: ["end trace", "Memory state around the buggy"])
      if isAlone {
        var longer = ["BUG: KASAN", "BUG: kernel NULL", "BUG: unable to handle"]
        if seesBadPages { longer.append("BUG: Bad page state") }
        condition +=
          " || \(any(of: ["UBSAN: "])) || (\(any(of: ["BUG: "])) && !(\(any(of: longer))))"
      }
      alarms.append(.init(group: "printk", name: "console", command: "traceoff if \(condition)"))
    }
    for trigger in triggers {
      let isProbe = plan.probes.contains { $0.name == trigger.event }
      let parts = trigger.event.split(separator: ":", maxSplits: 1).map(String.init)
      alarms.append(
        .init(
          group: isProbe ? nil : parts.first, name: parts.last ?? "", command: trigger.command,
          isChosen: true))
    }
    return alarms
  }

  private static func any(of words: [String]) -> String {
    words.map { "msg ~ \"*\($0)*\"" }.joined(separator: " || ")
  }

  /// The name of the probe that tells when the kernel has told all of a bad page.
  static let endOfBadPage = "bad_page_ret"

  /// That probe, by the one on the function's beginning.
  static func end(of probe: Plan.Probe) -> Plan.Probe {
    let name = endOfBadPage
    var forms = ["r:GROUP/\(name) \(probe.function)"]
    if probe.forms.first?.hasPrefix("f:") == true {
      forms.insert("f:GROUP/\(name) \(probe.function)%return", at: 0)
    }
    return .init(
      name: name, function: probe.function, kind: .other, cost: .low, rules: [], forms: forms,
      missing: [])
  }
}
