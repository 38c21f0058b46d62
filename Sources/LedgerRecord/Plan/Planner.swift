import LedgerCore
import LedgerRules

/// Finds for a wish what a kernel can record.
public struct Planner {
  private let wish: Wish
  private let facts: KernelFacts
  private let limits: Limits
  private var plan: Plan
  /// Rules that each event is for.
  private var reasons: [EventKind: [String]] = [:]
  private let needs = RuleCatalog.needs

  /// How the recording is to be kept small.
  public struct Limits: Sendable {
    /// Page frames; others are left out.
    public var pages: ClosedRange<UInt64>?
    /// Only the command and what it starts.
    public var tree = false
    /// Of the modules, only these; empty for all.
    public var modules: [String] = []
    /// KiB of each CPU's buffer; nil to choose by memory.
    public var bufferKB: Int?
    /// The clock; empty to choose.
    public var clock = ""
    /// The oldest events make room for new ones.
    public var overwrites = false
    /// Call chains are recorded where a rule needs a caller.
    public var stacks = true

    /// Everything is recorded.
    public init() {}
  }

  /// A plan for one kernel.
  public static func plan(_ wish: Wish, for facts: KernelFacts, limits: Limits = Limits()) -> Plan {
    var planner = Planner(wish, facts, limits)
    planner.collect()
    planner.addProbes()
    planner.addTracepoints()
    planner.addFilters()
    planner.addProspects()
    return planner.plan
  }

  /// What the rules will be able to say by a plan that the kernel has cut.
  public static func outlook(_ plan: Plan) -> [Plan.Prospect] {
    var planner = Planner(plan)
    planner.plan.prospects = []
    planner.addProspects()
    return planner.plan.prospects
  }

  private init(_ plan: Plan) {
    (wish, facts, limits) = (Wish(known: plan.wanted), plan.facts, Limits())
    self.plan = plan
  }

  private init(_ wish: Wish, _ facts: KernelFacts, _ limits: Limits) {
    (self.wish, self.facts, self.limits) = (wish, facts, limits)
    plan = Plan(wanted: wish.rules, facts: facts)
    plan.clock = Self.clock(facts, limits.clock)
    plan.overwrites = limits.overwrites
  }

  /// What the wanted rules need and use.
  private mutating func collect() {
    for need in needs where wish.rules.contains(need.id) && !need.isOfLog {
      guard !isBeyond(need) else { continue }
      var kinds = Set(need.all + need.any.joined() + Wish.extras(of: need.id) + Wish.always)
      // Counts chain only when all events of the group are there.
      if kinds.contains(where: \.isPageRef) { kinds.formUnion(Self.pageRefs) }
      for kind in kinds { reasons[kind, default: []].append(need.id) }
    }
  }

  private static let pageRefs = EventKind.allCases.filter(\.isPageRef)

  private func isBeyond(_ need: RuleNeeds) -> Bool {
    guard let limit = need.before, let version = facts.version else { return false }
    return version >= limit
  }

  private mutating func addProbes() {
    for spec in ProbeTable.all {
      let rules = Self.merged(reasons[spec.kind], reasons[spec.back])
      guard !rules.isEmpty else { continue }
      guard limits.modules.isEmpty || spec.module.isEmpty || limits.modules.contains(spec.module)
      else { continue }
      let found = ProbeMaker(facts: facts, spec: spec, rules: rules).probes()
      plan.probes += found.probes
      if found.probes.isEmpty {
        plan.omissions.append(.init(what: spec.kind.name, reason: found.reason))
      }
    }
    if plan.overwrites, let bad = plan.probes.first(where: { $0.kind == .badPage }) {
      plan.probes.append(Alarm.end(of: bad))
    }
    // Where no symbol says where struct page begins, pairs of pointer and frame tell it.
    let needsPairs = plan.probes.contains { $0.missing.contains("vmemmap") }
    if needsPairs { reasons[.lruInsertion, default: []].append(contentsOf: wish.rules) }
  }

  private static func merged(_ a: [String]?, _ b: [String]?) -> [String] {
    Array(Set((a ?? []) + (b ?? []))).sorted()
  }

  private mutating func addTracepoints() {
    let hasCopies = plan.probes.contains { $0.kind == .writeCopy }
    var groups: Set<String> = []
    for kind in EventKind.allCases where !kind.isProbe && !kind.group.isEmpty {
      guard let rules = reasons[kind] else { continue }
      // Every fault of every process, where a probe on wp_page_copy tells the same for less.
      if kind == .userFault, hasCopies { continue }
      let names = [kind.name] + kind.formerNames
      let known = names.first { facts.hasTracepoint(kind.group, $0) == true }
      let name = known ?? names.first { facts.hasTracepoint(kind.group, $0) == nil }
      guard let name else {
        if groups.insert("\(kind.group) \(kind.name)").inserted {
          plan.omissions.append(
            .init(what: "\(kind.group):\(kind.name)", reason: absence(of: kind)))
        }
        continue
      }
      plan.tracepoints.append(
        .init(
          group: kind.group, name: name, kind: kind, cost: Self.cost(of: kind),
          rules: Array(Set(rules)).sorted()))
    }
    let logs = needs.filter { $0.isOfLog && wish.rules.contains($0.id) }.map(\.id)
    if facts.hasTracepoint("printk", "console") ?? true {
      plan.tracepoints.append(
        .init(
          group: "printk", name: "console", kind: .other, cost: .low,
          rules: logs))
    }
    plan.tracepoints.sort { ($0.group, $0.name) < ($1.group, $1.name) }
  }

  /// Why a kernel does not have an event.
  private func absence(of kind: EventKind) -> String {
    if kind.isPageRef { return facts.withoutCounts }
    if let module = KernelFacts.moduleGroups[kind.group], let why = facts.absence(of: module) {
      return why
    }
    switch kind {
    case .dmaMap, .dmaUnmap, .dmaMapSg, .dmaUnmapSg: return "Linux 6.12 and later have it"
    case .vmaStore, .vmaErase: return "Linux 6.1 to 6.14 have it"
    default: return "this kernel does not have it"
    }
  }

  static func cost(of kind: EventKind) -> Cost {
    switch kind {
    case _ where kind.isPageRef: .extreme
    case .pageAlloc, .pageFree, .pageFreeBatched, .lruInsertion, .lruActivate, .userFault: .high
    case .kvmUserspaceExit, .vmaStore, .vmaErase, .exitMmap, .zapAllFast: .low
    default: .medium
    }
  }

  private mutating func addFilters() {
    let buffers = Buffers(facts: facts, plan: plan)
    plan.bufferKB = limits.bufferKB ?? buffers.kilobytes
    if let pages = limits.pages {
      // Blocks are aligned to their size: whole blocks of the largest order, so that none is seen in part.
      let first = pages.lowerBound & ~1023
      let last = pages.upperBound | 1023
      for place in plan.tracepoints.indices
      where plan.tracepoints[place].kind.isPageRef || plan.tracepoints[place].group == "kmem" {
        plan.tracepoints[place].filter = "pfn >= \(first) && pfn <= \(last)"
      }
      plan.filters.append(
        "pages 0x\(String(first, radix: 16))-0x\(String(last, radix: 16))")
    }
    if limits.tree {
      plan.followsTasks = true
      plan.filters.append("the command and its children")
    }
    guard limits.stacks else { return }
    for place in plan.tracepoints.indices {
      plan.tracepoints[place].stackCondition = Self.stack(plan.tracepoints[place].kind)
    }
  }

  /// When the call chain of an event names a culprit.
  private static func stack(_ kind: EventKind) -> String? {
    switch kind {
    // A block whose tails nobody counts (__GFP_COMP is 0x40000 in 5.4 to 7.1).
    case .pageAlloc: "order > 0 && !(gfp_flags & 0x40000)"
    // A get on a page that had no reference.
    case .pageRefMod: "val > 0 && count == 1"
    case .pageRefModAndTest: "count < 0"
    default: nil
    }
  }

  /// Clocks in the order of preference: those that order CPUs, first the one that never stands still.
  private static func clock(_ facts: KernelFacts, _ wanted: String) -> String {
    guard wanted.isEmpty else { return wanted }
    let order = ["mono", "global", "boot", "local"]
    return facts.clocks.isEmpty ? "mono" : order.first(where: facts.clocks.contains) ?? "local"
  }

  private mutating func addProspects() {
    let kinds = plan.kinds
    let hasLog = plan.tracepoints.contains { $0.group == "printk" }
    for need in needs {
      let obstacles =
        need.isOfLog
        ? (hasLog ? [] : ["printk:console: this kernel does not have it"])
        : obstacles(of: need, kinds)
      plan.prospects.append(
        .init(
          id: need.id, name: need.name, isWanted: wish.rules.contains(need.id),
          obstacles: obstacles))
    }
  }

  private func obstacles(of need: RuleNeeds, _ kinds: Set<EventKind>) -> [String] {
    var reasons: [String] = []
    for choice in need.missing(from: kinds) {
      let why = choice.map { kind in
        plan.omissions.first { $0.what == kind.name || $0.what.hasSuffix(":\(kind.name)") }?.reason
      }
      let first = why.compactMap(\.self).first
      let reason =
        first.map { choice.first?.isPageRef == true ? $0 : "\(Self.name(choice)): \($0)" }
        ?? "\(Self.name(choice)): not asked for"
      if !reasons.contains(reason) { reasons.append(reason) }
    }
    // Its events may be there for other rules.
    guard !reasons.isEmpty, isBeyond(need), let limit = need.before else { return reasons }
    return ["only kernels before \(limit.major).\(limit.minor) can do this"]
  }

  private static func name(_ choice: [EventKind]) -> String {
    choice.map { $0.isProbe ? $0.name : "\($0.group):\($0.name)" }.joined(separator: " or ")
  }
}
