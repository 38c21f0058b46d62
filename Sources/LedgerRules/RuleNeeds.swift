public import LedgerCore

/// Which events a rule cannot do without, for one who plans a recording.
public struct RuleNeeds: Sendable {
  /// `PL010`.
  public var id: String
  /// The rule's name in a few words.
  public var name: String
  /// Each of these must be recorded.
  public var all: [EventKind]
  /// Of each of these lists one must be recorded.
  public var any: [[EventKind]]
  /// Of each of these lists one must be recorded for the rule to be called clean.
  public var toBeClean: [[EventKind]] = []
  /// The rule is about kernels before this one only.
  public var before: KernelVersion?
  /// It judges the kernel's own log, not events.
  public var isOfLog = false

  /// What is missing when only these events are recorded; each list is a choice.
  public func missing(from recorded: Set<EventKind>) -> [[EventKind]] {
    all.filter { !recorded.contains($0) }.map { [$0] }
      + (any + toBeClean).filter { $0.allSatisfy { !recorded.contains($0) } }
  }
}

extension RuleCatalog {
  /// What each rule needs, in order of the numbers.
  public static var needs: [RuleNeeds] {
    rules.map { rule in
      let requirements = rule.requirements
      return RuleNeeds(
        id: rule.description.id, name: rule.description.name, all: requirements.all,
        any: requirements.any, toBeClean: requirements.assurance?.any ?? [],
        before: requirements.before)
    }
      + complaintRules.map { rule in
        RuleNeeds(
          id: rule.description.id, name: rule.description.name, all: [], any: [], isOfLog: true)
      }
  }
}
