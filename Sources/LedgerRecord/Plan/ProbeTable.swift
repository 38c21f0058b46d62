import LedgerCore

/// What to ask a kernel for where it has no tracepoint: function, arguments and what they are called.
///
/// Names are those that the analyzer knows (`LedgerFormat/ProbeCatalog.swift`).
enum ProbeTable {
  static let all: [ProbeSpec] = allocator + insertions + tables + userPages + guests + objects

  /// All functions, to be looked up in the kernel's symbols.
  static let functions = Set(all.flatMap(\.functions))
  /// Those that lie in a module as a rule.
  static func functions(of module: String) -> [String] {
    all.filter { $0.module == module }.flatMap(\.functions)
  }

  /// Modules that hold functions or tracepoints.
  static let modules: [String] = ["kvm", "ttm"]
}
