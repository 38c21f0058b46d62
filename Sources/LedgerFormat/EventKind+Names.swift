internal import LedgerCore

extension EventFormat {
  /// A dynamic probe, whose records say which function they belong to.
  public var isProbe: Bool { field("__probe_ip") != nil || isReturnProbe }

  /// A probe that fires when its function returns.
  public var isReturnProbe: Bool { field("__probe_func") != nil && field("__probe_ret_ip") != nil }

  /// What a tracepoint means; `other` for probes and for everything unknown.
  var tracepointKind: EventKind {
    guard !isProbe else { return .other }
    return EventKind.allCases.first {
      !$0.group.isEmpty && !$0.isProbe && $0.isNamed(name) && $0.group == system
    } ?? .other
  }

  /// What a probe means when it is attached to `function`.
  func kind(on function: String) -> EventKind {
    ProbeCatalog.kind(of: function, isReturn: isReturnProbe)
  }

  /// The function that a probe's name suggests.
  var suggestedFunction: String { ProbeCatalog.suggestion(of: name).function }
}
