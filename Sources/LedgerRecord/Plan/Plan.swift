public import LedgerCore

/// What is recorded, why, and what it lets the rules decide.
public struct Plan: Sendable {
  /// A tracepoint of the kernel.
  public struct Tracepoint: Sendable {
    /// `kmem`.
    public var group: String
    /// `mm_page_alloc`.
    public var name: String
    /// What it means to the analyzer.
    public var kind: EventKind
    /// How often it fires.
    public var cost: Cost
    /// Rules that were asked for and need or use it.
    public var rules: [String]
    /// A condition on its fields; empty for none.
    public var filter = ""
    /// Call chains are recorded with it when this holds; nil for never.
    public var stackCondition: String?
  }

  /// An event that the recorder makes.
  public struct Probe: Sendable {
    /// The event's name, which tells the analyzer the function.
    public var name: String
    /// The probed function.
    public var function: String
    /// What it means to the analyzer.
    public var kind: EventKind
    /// How often it fires.
    public var cost: Cost
    /// Rules that were asked for and need or use it.
    public var rules: [String]
    /// Definitions in the order of preference, with `GROUP` for the group.
    public var forms: [String]
    /// Arguments that this kernel does not offer, by name.
    public var missing: [String]
    /// A condition on its arguments; empty for none.
    public var filter = ""

    /// The definitions in a group.
    public func definitions(group: String) -> [String] {
      forms.map { form in
        guard let colon = form.firstIndex(of: ":") else { return form }
        return form[...colon] + group + form[colon...].dropFirst("GROUP".count + 1)
      }
    }
  }

  /// Something that was wanted and is not to be had on this kernel.
  public struct Omission: Sendable, Equatable {
    /// The event.
    public var what: String
    /// Why.
    public var reason: String
  }

  /// What a rule will be able to say.
  public struct Prospect: Sendable {
    /// `PL010`.
    public var id: String
    /// The rule's name in a few words.
    public var name: String
    /// It was asked for.
    public var isWanted: Bool
    /// What is missing, a reason each; empty when the rule can decide.
    public var obstacles: [String]

    /// The rule will have the events that it needs.
    public var isDecidable: Bool { obstacles.isEmpty }
  }

  /// Rules that were asked for.
  public var wanted: [String]
  /// The kernel it is made for.
  public var facts: KernelFacts
  /// Tracepoints, in the order of groups and names.
  public var tracepoints: [Tracepoint] = []
  /// Probes, in the order of the tables.
  public var probes: [Probe] = []
  /// What this kernel does not offer.
  public var omissions: [Omission] = []
  /// All rules, in the order of their numbers.
  public var prospects: [Prospect] = []
  /// The clock.
  public var clock = "mono"
  /// KiB of each CPU's ring buffer.
  public var bufferKB = 1408
  /// What keeps events out, in words for the capture.
  public var filters: [String] = []
  /// Only the command and its children are recorded.
  public var followsTasks = false
  /// The oldest events make room for new ones, as for always-on recording.
  public var overwrites = false

  /// Kinds of events that will be recorded.
  public var kinds: Set<EventKind> { Set(tracepoints.map(\.kind) + probes.map(\.kind)) }
}
