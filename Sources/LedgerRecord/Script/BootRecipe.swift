import LedgerCore

/// How a machine that dies tells what it did: the kernel prints its own ring on an oops.
public enum BootRecipe {
  /// For each CPU: a serial console of 115,200 baud prints it in a minute or two.
  private static let consoleKB = 512
  /// A kernel reads so much of its line, less what else stands in it. arch/x86/include/asm/setup.h:COMMAND_LINE_SIZE, 6.12
  private static let lineLimit = 2048 - 400

  /// As many as there is room for, the first ones first.
  private static func fitting(_ probes: [String], in room: Int) -> [String] {
    var used = 0
    return Array(
      probes.prefix { probe in
        used += probe.utf8.count + 1
        return used <= room
      })
  }

  /// Parameters and commands, as comments of a shell.
  public static func text(_ plan: Plan) -> String {
    let events = plan.tracepoints.map { "\($0.group):\($0.name)" }.joined(separator: ",")
    // kernel/trace/trace_kprobe.c:setup_boot_kprobe_events: commas for blanks, semicolons between probes.
    let probes = plan.probes.filter { $0.kind != .other }.compactMap { probe in
      probe.definitions(group: "pageledger").last { !$0.hasPrefix("f:") && !$0.contains(" kvm:") }
    }
    .filter { !$0.contains(" ttm:") }
    .map { $0.split(separator: " ").joined(separator: ",") }
    var lines = [
      "# For a machine that dies before anything can be saved: boot it with",
      "#   trace_clock=\(plan.clock) trace_buf_size=\(min(plan.bufferKB, consoleKB))K ftrace_dump_on_oops",
      "#   trace_event=\(events)",
    ]
    let room = lineLimit - lines.reduce(0) { $0 + $1.utf8.count }
    let fitting = fitting(probes, in: room)
    if !fitting.isEmpty {
      lines.append("#   kprobe_event=\"\(fitting.joined(separator: ";"))\"")
      lines.append("# (a boot loader with variables, as GRUB, wants \\$ for each $)")
    }
    if fitting.count < probes.count {
      lines.append(
        "# (without \(probes.count - fitting.count) probes, for which a kernel's line has no room; --for fewer rules needs fewer)"
      )
    }
    lines += [
      "# and keep its console (serial, netconsole, pstore). On a running machine, for the events of the top buffer:",
      "#   echo 1 > /proc/sys/kernel/ftrace_dump_on_oops",
      "#   echo 1 > /proc/sys/kernel/panic_on_warn   # when a warning is to be the end",
      "# From 6.9 on, ftrace_dump_on_oops=NAME dumps an instance, such as pageledger-PID. The console's log is a capture:",
      "#   pageledger console.log",
    ]
    return lines.map { $0 + "\n" }.joined()
  }
}
