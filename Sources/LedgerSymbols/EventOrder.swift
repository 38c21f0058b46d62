internal import LedgerInput

/// Trace events whose ids follow one another: neighbours in the kernel's list of events.
public struct EventRun: Sendable, Equatable {
  /// Names in the order of their ids.
  public var names: [String]
  /// Places in the list before the run.
  public var place: Int
  /// Those of them that are events of system calls, which may have got no id.
  public var systemCalls: Int
  /// The list is that of a module, whose ids start anywhere.
  public var isModule: Bool

  /// A run with all its parts.
  public init(names: [String], place: Int, systemCalls: Int, isModule: Bool) {
    self.names = names
    self.place = place
    self.systemCalls = systemCalls
    self.isModule = isModule
  }
}

extension KernelSymbols {
  /// Events of system calls get an id only if the architecture has the call (kernel/trace/trace_syscalls.c:init_syscall_trace, 6.1).
  private static let systemCallMarks = ["enter__", "exit__"]
  private static let prefix = Array("__event_".utf8)
  private static let eventLimit = 1 << 16

  private struct Pointer {
    var address: UInt64
    var name: String
    var module: String
  }

  /// The runs of events, as the addresses of their `__event_NAME` pointers tell.
  ///
  /// The linker puts these pointers side by side, and ids are given in that order, from the first to the last (kernel/trace/trace_events.c:
  /// event_trace_enable, trace_module_add_events; 5.4 to 7.1). Empty when the symbols do not have them (`CONFIG_KALLSYMS_ALL`), or
  /// have no addresses.
  public func eventRuns() -> [EventRun] {
    var lists: [String: [Pointer]] = [:]
    for pointer in eventPointers() { lists[pointer.module, default: []].append(pointer) }
    return lists.keys.sorted().flatMap { module in
      Self.runs(of: (lists[module] ?? []).sorted { $0.address < $1.address })
    }
  }

  private func eventPointers() -> [Pointer] {
    var found: [Pointer] = []
    scan { line, text in
      guard line.isCode, line.type | 0x20 != UInt8(ascii: "t"), found.count < Self.eventLimit,
        line.startsWith(Self.prefix, in: text)
      else { return }
      let words = line.words(in: text)
      let name = words.first?.dropFirst(Self.prefix.count) ?? ""
      guard !name.isEmpty, !name.contains(".") else { return }
      found.append(
        Pointer(
          address: line.address, name: String(name), module: words.count > 1 ? words[1] : ""))
    }
    return found
  }

  /// Cuts a list of pointers at system calls, and where something unknown lies between two.
  private static func runs(of pointers: [Pointer]) -> [EventRun] {
    var runs: [EventRun] = []
    var calls = 0
    /// Where the pointer that continues the run has to lie.
    var next: UInt64?
    for (place, pointer) in pointers.enumerated() {
      guard !systemCallMarks.contains(where: pointer.name.hasPrefix) else {
        calls += 1
        next = nil
        continue
      }
      defer { next = pointer.address &+ 8 }
      if pointer.address == next, !runs.isEmpty {
        runs[runs.count - 1].names.append(pointer.name)
      } else {
        runs.append(
          EventRun(
            names: [pointer.name], place: place, systemCalls: calls,
            isModule: !pointer.module.isEmpty))
      }
    }
    return runs
  }
}
