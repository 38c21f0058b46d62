import LedgerCore

/// How large each CPU's ring buffer is to be.
struct Buffers {
  let facts: KernelFacts
  let plan: Plan

  /// A sixteenth of the memory for all CPUs, half of that where no event is frequent; a reader empties them all the while.
  var kilobytes: Int {
    let cpus = UInt64(max(1, facts.cpus))
    let memory = facts.memoryKB == 0 ? 4 << 20 : facts.memoryKB
    let busiest = (plan.tracepoints.map(\.cost) + plan.probes.map(\.cost)).max() ?? .low
    let share = busiest == .extreme ? memory / 16 : memory / 32
    let limit: UInt64 = plan.overwrites ? 8 << 10 : 64 << 10
    return Int(max(1408, min(share / cpus, limit)))
  }
}
