import LedgerInput

/// An instance of tracefs with all that a plan sets, and its removal.
///
/// Nothing outside of the instance is touched but the list of probes, where all of ours lie in one group.
public final class Session {
  /// Name of the instance.
  public let name: String
  /// Group of the probes.
  public let group: String
  /// What the kernel refused, and why.
  public private(set) var refusals: [Plan.Omission] = []
  /// The plan, without what was refused.
  public private(set) var plan: Plan
  /// Where the instance is.
  public let folder: String
  private let tracefs: String
  private var made: [String] = []
  private var isOpen = false

  /// Prefixes of the names that recorders of this kind use.
  public static let instancePrefix = "pageledger-"
  static let groupPrefix = "pageledger_"

  /// A session of process `id`; nothing is set yet.
  public init(_ plan: Plan, id: Int32) {
    self.plan = plan
    tracefs = plan.facts.tracefs
    name = "\(Self.instancePrefix)\(id)"
    group = "\(Self.groupPrefix)\(id)"
    folder = "\(tracefs)/instances/\(name)"
  }

  deinit { close() }

  /// Makes the instance and the probes; nothing is recorded yet. What is refused leaves the plan.
  public func open() throws(RecordError) {
    do throws(HostFile.Refusal) {
      try HostFile.makeFolder(folder)
      isOpen = true
      try HostFile.write("0", to: "\(folder)/tracing_on")
      try HostFile.write(plan.clock, to: "\(folder)/trace_clock")
    } catch {
      close()
      throw .unusable(reason: "\(folder): \(error.reason)")
    }
    setOption("overwrite", plan.overwrites)
    // Threads' names of this recording only; who they belong to is known from them.
    setOption("record-cmd", true)
    plan.probes = plan.probes.filter(define)
    plan.probes = plan.probes.filter { enable(group, $0.name, filter: $0.filter, stack: nil) }
    plan.tracepoints = plan.tracepoints.filter {
      enable($0.group, $0.name, filter: $0.filter, stack: $0.stackCondition)
    }
    guard !plan.probes.isEmpty || !plan.tracepoints.isEmpty else {
      close()
      throw .unusable(reason: "the kernel takes no event of this plan")
    }
    try resize()
  }

  /// After the events: up to 6.6 a size that is set before any event is enabled keeps the kernel's own buffer at its first few
  /// KiB for good (kernel/trace/trace.c:tracing_update_buffers, __tracing_resize_ring_buffer).
  private func resize() throws(RecordError) {
    do throws(HostFile.Refusal) {
      try HostFile.write("\(plan.bufferKB)", to: "\(folder)/buffer_size_kb")
    } catch {
      close()
      throw .unusable(reason: "\(folder)/buffer_size_kb: \(plan.bufferKB): \(error.reason)")
    }
  }

  private func setOption(_ name: String, _ isOn: Bool) {
    try? HostFile.write(isOn ? "1" : "0", to: "\(folder)/options/\(name)")
  }

  /// Tries the forms of a probe one after the other.
  private func define(_ probe: Plan.Probe) -> Bool {
    guard let file = plan.facts.probeFile else { return false }
    var reason = ""
    for line in probe.definitions(group: group) {
      do throws(HostFile.Refusal) {
        try HostFile.write(line + "\n", to: "\(tracefs)/\(file)", appends: true)
        made.append(probe.name)
        return true
      } catch {
        reason = lastError(naming: line) ?? error.reason
      }
    }
    refusals.append(.init(what: probe.name, reason: reason))
    return false
  }

  /// The kernel's own words on a definition. kernel/trace/trace.c:tracing_log_err
  private func lastError(naming line: String) -> String? {
    guard let text = HostFile.text("\(tracefs)/error_log", limit: 1 << 16) else { return nil }
    let lines = text.split(separator: "\n")
    guard let command = lines.lastIndex(where: { $0.contains("Command: \(line)") }), command > 0
    else { return nil }
    let words = lines[command - 1]
    return words.firstRange(of: "error: ").map { String(words[$0.upperBound...]) }
  }

  private func enable(_ group: String, _ name: String, filter: String, stack: String?) -> Bool {
    let event = "\(folder)/events/\(group)/\(name)"
    do throws(HostFile.Refusal) {
      if !filter.isEmpty { try HostFile.write(filter, to: "\(event)/filter") }
      if let stack { try? HostFile.write("stacktrace if \(stack)", to: "\(event)/trigger") }
      try HostFile.write("1", to: "\(event)/enable")
      return true
    } catch {
      refusals.append(.init(what: "\(group):\(name)", reason: error.reason))
      return false
    }
  }

  /// Takes back what another recorder will set: events, their filters and triggers.
  func suspend() {
    try? HostFile.write("0", to: "\(folder)/events/enable")
    for point in plan.tracepoints {
      let event = "\(folder)/events/\(point.group)/\(point.name)"
      if !point.filter.isEmpty { try? HostFile.write("0", to: "\(event)/filter") }
      if let stack = point.stackCondition {
        try? HostFile.write("!stacktrace if \(stack)", to: "\(event)/trigger")
      }
    }
  }

  /// Records the tasks that descend from `pid` only.
  public func follow(_ pid: Int32) throws(RecordError) {
    setOption("event-fork", true)
    do throws(HostFile.Refusal) {
      try HostFile.write("\(pid)", to: "\(folder)/set_event_pid")
    } catch {
      throw .unusable(reason: "\(folder)/set_event_pid: \(error.reason)")
    }
  }

  /// Begins or ends to record.
  public func record(_ isOn: Bool) {
    try? HostFile.write(isOn ? "1" : "0", to: "\(folder)/tracing_on")
  }

  /// Empties the buffers and begins their statistics anew, which would count earlier dumps as events that were never saved.
  func empty() { try? HostFile.write("\n", to: "\(folder)/trace") }

  /// Events of all CPUs that nobody has read. kernel/trace/trace.c:tracing_stats_read
  var unread: Int {
    HostFile.names(in: "\(folder)/per_cpu").reduce(0) { sum, cpu in
      let lines = HostFile.text("\(folder)/per_cpu/\(cpu)/stats")?.split(separator: "\n") ?? []
      let entries = lines.first { $0.hasPrefix("entries: ") }?.dropFirst("entries: ".count)
      return sum &+ (entries.flatMap { Int($0) } ?? 0)
    }
  }

  /// Something is recorded; a trigger may have ended it.
  public var isRecording: Bool { HostFile.text("\(folder)/tracing_on")?.hasPrefix("1") ?? false }

  /// Writes into the trace what keeps events out of it, so that nobody concludes from their absence.
  public func markFilters() {
    guard let mark = Self.mark(plan.filters) else { return }
    try? HostFile.write(mark, to: "\(folder)/trace_marker")
  }

  /// A line of the trace that the analyzer understands.
  static func mark(_ filters: [String]) -> String? {
    filters.isEmpty ? nil : "pageledger: filter: " + filters.joined(separator: ", ")
  }

  /// Sets a command on an event, such as `traceoff if count < 0`.
  public func setTrigger(_ trigger: String, on event: String) throws(RecordError) {
    let path = "\(folder)/events/\(event)/trigger"
    do throws(HostFile.Refusal) {
      try HostFile.write(trigger, to: path)
    } catch {
      throw .unusable(reason: "\(path): \(error.reason)")
    }
  }

  /// Removes all that was made.
  public func close() {
    guard isOpen else { return }
    isOpen = false
    refusals += Remains(tracefs: tracefs).remove(instance: name, group: group)
  }
}
