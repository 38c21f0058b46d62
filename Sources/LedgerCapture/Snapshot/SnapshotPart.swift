import LedgerInput

/// What a file of a copied tracefs is, by its path alone: any folder may lie above, some may be missing.
struct SnapshotPart: Equatable {
  /// The roles that files play.
  enum Role: Equatable {
    /// Raw sub-buffers of a CPU, of the trace or of its snapshot.
    case raw(cpu: Int, isSnapshot: Bool)
    case stats(cpu: Int)
    case format(system: String)
    /// The condition on an event.
    case filter(event: String)
    /// Tasks that are recorded alone.
    case tasks
    case headerPage
    case comms
    case symbols
    case clock
    /// `/sys/kernel/notes`, or the notes of a module: they hold build ids.
    case notes(module: String)
    case kernel
    /// `buffer_size_kb`, `buffer_total_size_kb`, `tracing_cpumask` and the list of possible CPUs.
    case bufferSize, totalSize, cpuMask, possibleCPUs
    /// The trace as text, which the raw sub-buffers hold too.
    case text
    /// Belongs to a tracefs and says nothing about pages.
    case other
  }

  let role: Role
  /// The path of the tracefs that the file belongs to, without a slash at the end.
  let root: String
  /// The CPU whose folder `per_cpu/cpuN` it lies in.
  let folder: Int?

  /// Judges a path; nil when it is not one of a tracefs.
  init?(path: String) {
    var parts = path.split(separator: "/", omittingEmptySubsequences: true)[...]
    guard let last = parts.popLast() else { return nil }
    let name = Self.withoutPacking(last)
    folder =
      parts.dropLast().last == "per_cpu"
      ? parts.last.flatMap { Self.number(in: $0, behind: "cpu") } : nil
    if let (role, depth) = Self.perCPU(name, above: parts) ?? Self.event(name, above: parts)
      ?? Self.notes(name, above: parts)
    {
      self.role = role
      root = parts.dropLast(depth).joined(separator: "/")
      return
    }
    guard let role = Self.topLevel(name), role != .possibleCPUs || parts.last == "cpu" else {
      return nil
    }
    self.role = folder == nil ? role : .other
    if folder != nil { parts.removeLast(2) }
    if parts.last == "events" || parts.last == "proc" { parts.removeLast() }
    root = parts.joined(separator: "/")
  }

  private static let packings = [".gz", ".zst", ".xz", ".bz2", ".lz4"]

  private static func withoutPacking(_ name: Substring) -> Substring {
    for ending in packings where name.hasSuffix(ending) { return name.dropLast(ending.count) }
    return name
  }

  /// `sys/kernel/notes` (kernel/ksysfs.c:notes_read), `sys/module/NAME/notes/.note.gnu.build-id` (kernel/module/sysfs.c:
  /// add_notes_attrs; 6.1).
  private static func notes(_ name: Substring, above: ArraySlice<Substring>) -> (Role, Int)? {
    if name == ".note.gnu.build-id", above.last == "notes", above.count >= 2,
      let module = above.dropLast().last
    {
      let isWhole = above.dropLast(2).last == "module"
      return (.notes(module: String(module)), isWhole ? 3 : 2)
    }
    guard name == "notes" || name == "kernel_notes" else { return nil }
    return (.notes(module: ""), above.last == "kernel" ? 1 : 0)
  }

  private static func topLevel(_ name: Substring) -> Role? {
    switch name {
    case "header_page": .headerPage
    case "saved_cmdlines": .comms
    case "kallsyms", "proc_kallsyms", "kallsyms.txt": .symbols
    case "trace_clock": .clock
    case "uname", "osrelease", "uname.txt": .kernel
    case "set_event_pid", "set_event_notrace_pid": .tasks
    case "buffer_size_kb": .bufferSize
    case "buffer_total_size_kb": .totalSize
    case "tracing_cpumask": .cpuMask
    case "possible": .possibleCPUs
    case "trace", "trace_pipe", "snapshot": .text
    case "header_event", "saved_tgids", "printk_formats", "trace_options", "available_events",
      "available_tracers", "current_tracer", "set_event", "kprobe_events", "uprobe_events",
      "dynamic_events", "buffer_subbuf_size_kb", "tracing_on", "trace_marker",
      "enabled_functions":
      .other
    default: nil
    }
  }

  /// Files below `per_cpu/cpuN`, or named after their CPU; with the folders that belong to them.
  private static func perCPU(_ name: Substring, above: ArraySlice<Substring>) -> (Role, Int)? {
    let folder = above.last.flatMap { number(in: $0, behind: "cpu") }
    let depth = above.dropLast().last == "per_cpu" ? 2 : 1
    if name == "stats", let folder { return (.stats(cpu: folder), depth) }
    if folder != nil, name == "trace" || name == "trace_pipe" || name == "snapshot" {
      return (.text, depth)
    }
    let isSnapshot = name.contains("snapshot_raw")
    guard isSnapshot || name.contains("trace_pipe_raw") else { return nil }
    if let cpu = cpu(inFileName: name) {
      let own = above.last == "per_cpu" ? 1 : folder == cpu ? depth : 0
      return (.raw(cpu: cpu, isSnapshot: isSnapshot), own)
    }
    guard let folder else { return nil }
    return (.raw(cpu: folder, isSnapshot: isSnapshot), depth)
  }

  /// `trace_pipe_raw.cpu3`, `cpu3.trace_pipe_raw`, `cpu3_trace_pipe_raw`, `trace_pipe_raw.3`, `trace_pipe_raw3`.
  private static func cpu(inFileName name: Substring) -> Int? {
    for word in name.split(whereSeparator: { $0 == "." || $0 == "_" || $0 == "-" }) {
      if let cpu = number(in: word, behind: "cpu") ?? number(in: word, behind: "raw")
        ?? number(in: word, behind: "")
      {
        return cpu
      }
    }
    return nil
  }

  private static func number(in word: Substring, behind prefix: String) -> Int? {
    guard word.hasPrefix(prefix) else { return nil }
    let digits = word.dropFirst(prefix.count)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(digits), number <= Int(UInt16.max)
    else { return nil }
    return number
  }

  /// `events/GROUP/EVENT/format`, also when `events` was left out.
  private static func event(_ name: Substring, above: ArraySlice<Substring>) -> (Role, Int)? {
    let isEvent = above.dropLast(2).last == "events"
    if name == "format", above.count >= 2, let group = above.dropLast().last {
      return (.format(system: String(group)), isEvent ? 3 : 2)
    }
    if name == "filter", isEvent, let event = above.last {
      return (.filter(event: String(event)), 3)
    }
    let known = ["enable", "filter", "id", "trigger", "hist", "inject", "hist_debug"]
    guard known.contains(String(name)) else { return nil }
    if isEvent { return (.other, 3) }
    if above.dropLast().last == "events" { return (.other, 2) }
    return above.last == "events" ? (.other, 1) : nil
  }
}
