/// The plan in words: what each event is for, what it costs, and what it decides.
public struct PlanText {
  private let plan: Plan
  private var lines: [String] = []
  private static let width = 96

  /// The whole explanation, each line with its newline.
  public static func explain(_ plan: Plan) -> String {
    var text = PlanText(plan: plan)
    text.writeHead()
    text.writeEvents()
    text.writeOmissions()
    text.writeRules()
    return text.lines.map { $0 + "\n" }.joined()
  }

  private init(plan: Plan) { self.plan = plan }

  private mutating func writeHead() {
    let facts = plan.facts
    let kernel = facts.release.isEmpty ? "a kernel of unknown release" : "Linux \(facts.release)"
    // Of a kernel that is known by its types alone, nobody knows the machine.
    let cpus = facts.memoryKB == 0 ? "" : facts.cpus == 1 ? ", 1 CPU" : ", \(facts.cpus) CPUs"
    lines.append("Recording on \(kernel), \(facts.machine)\(cpus)")
    lines.append("  clock   \(plan.clock)")
    let mode = plan.overwrites ? ", the oldest events make room" : ", emptied while it records"
    lines.append("  buffers \(plan.bufferKB) KiB a CPU\(mode)")
    for filter in plan.filters {
      wrap("filter  \(filter); what lies outside stays undecidable", indent: 2)
    }
    for note in facts.notes { wrap("note    \(note)", indent: 2) }
  }

  private mutating func writeEvents() {
    lines.append("")
    lines.append("Events (cost: low, medium, high, extreme)")
    for point in plan.tracepoints {
      var words = "\(point.group):\(point.name)"
      if let condition = point.stackCondition { words += " (call chain if \(condition))" }
      row(words, point.cost, point.rules, missing: [])
    }
    for probe in plan.probes {
      let form = probe.forms.first?.first == "f" ? "fprobe" : "kprobe"
      row("\(form) \(probe.name)", probe.cost, probe.rules, missing: probe.missing)
    }
  }

  private mutating func row(_ name: String, _ cost: Cost, _ rules: [String], missing: [String]) {
    let lack = missing.isEmpty ? "" : ", without " + missing.joined(separator: ", ")
    wrap(
      "\(name)\(lack): \(cost.word); for \(rules.isEmpty ? "PL101 to PL113" : Self.list(rules))",
      indent: 2)
  }

  private mutating func writeOmissions() {
    guard !plan.omissions.isEmpty else { return }
    lines.append("")
    lines.append("Not to be had")
    var reasons: [(reason: String, events: [String])] = []
    for omission in plan.omissions {
      if let known = reasons.firstIndex(where: { $0.reason == omission.reason }) {
        reasons[known].events.append(omission.what)
      } else {
        reasons.append((omission.reason, [omission.what]))
      }
    }
    for (reason, events) in reasons {
      wrap("\(reason): \(events.joined(separator: ", "))", indent: 2)
    }
  }

  private mutating func writeRules() {
    let decidable = plan.prospects.filter(\.isDecidable).map(\.id)
    lines.append("")
    wrap("Decidable: \(decidable.isEmpty ? "nothing" : Self.list(decidable))", indent: 0)
    if let words = counts(decidable) { wrap(words, indent: 0) }
    let rest = plan.prospects.filter { $0.isWanted && !$0.isDecidable }
    guard !rest.isEmpty else { return }
    lines.append("Undecidable on this kernel, of what was asked")
    for prospect in rest {
      wrap(
        "\(prospect.id) \(prospect.name): \(prospect.obstacles.joined(separator: "; "))", indent: 2)
    }
  }

  /// What a kernel without page_ref still decides.
  private func counts(_ decidable: [String]) -> String? {
    guard plan.omissions.contains(where: { $0.what.hasPrefix("page_ref:") }) else { return nil }
    let wanted = plan.prospects.filter { $0.isWanted && $0.isDecidable && $0.id < "PL100" }.map(
      \.id)
    let rest =
      wanted.isEmpty
      ? "" : "; \(Self.list(wanted)) \(wanted.count == 1 ? "does" : "do") not need it"
    return "\(plan.facts.withoutCounts): count rules stay undecidable\(rest)"
  }

  /// `PL001 to PL003, PL007`.
  public static func list(_ rules: [String]) -> String {
    var parts: [String] = []
    var run: [String] = []
    func close() {
      guard let first = run.first, let last = run.last else { return }
      parts += run.count > 2 ? ["\(first) to \(last)"] : run
    }
    for rule in rules {
      let follows = run.last.flatMap { Int($0.dropFirst(2)) }.map {
        $0 + 1 == Int(rule.dropFirst(2))
      }
      if follows != true {
        close()
        run = []
      }
      run.append(rule)
    }
    close()
    return parts.joined(separator: ", ")
  }

  private mutating func wrap(_ text: String, indent: Int) {
    var line = String(repeating: " ", count: indent)
    var isEmpty = true
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !isEmpty, line.count + 1 + word.count > Self.width {
        lines.append(line)
        line = String(repeating: " ", count: indent + 4)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    lines.append(line)
  }
}
