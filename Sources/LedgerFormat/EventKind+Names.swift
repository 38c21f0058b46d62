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
      !$0.group.isEmpty && $0.group != "probe" && $0.name == name && $0.group == system
    } ?? .other
  }

  /// What a probe means when it is attached to `function`.
  func kind(on function: String) -> EventKind {
    switch (function, isReturnProbe) {
    case ("hva_to_pfn", false): .hvaToPfn
    case ("hva_to_pfn", true): .hvaToPfnReturn
    case ("split_page", false): .splitPage
    case ("prep_compound_page", false): .prepCompoundPage
    default: .other
    }
  }

  /// The function that a probe's name suggests: `hva_to_pfn_ret`, `p_split_page_0`.
  var suggestedFunction: String {
    var words = name[...]
    if words.hasPrefix("p_") || words.hasPrefix("r_") { words = words.dropFirst(2) }
    for ending in ["_0", "__return", "__exit", "__entry", "_ret", "_exit", "_entry"]
    where words.hasSuffix(ending) {
      words = words.dropLast(ending.count)
    }
    return String(words)
  }

  /// Functions that mean something to the replay when a probe is attached to them.
  public static let probedFunctions = ["hva_to_pfn", "split_page", "prep_compound_page"]
}
