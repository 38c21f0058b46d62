public import LedgerCore

/// The functions that mean something to the replay when a probe is attached to them.
///
/// Names and arguments follow the kernel's own, 5.4 to 7.1, and those that fprobe's `$arg*` gives.
public enum ProbeCatalog {
  /// A function, under the names it has had.
  struct Signature {
    var functions: [String]
    /// Names that events of such probes go by where the function is not known.
    var aliases: [String] = []
    var entry: EventKind
    var back: EventKind = .other
    var arguments: [FieldSource] = []
  }

  /// What a probe of `function` is; `.other` for all but these functions.
  public static func kind(of function: String, isReturn: Bool) -> EventKind {
    guard let place = places[function] else { return .other }
    return isReturn ? table[place].back : table[place].entry
  }

  /// What a probe is by its event's name alone: `vm_insert_page`, `p_split_page_0`, `hva_to_pfn_ret`, `do_exit__return`.
  ///
  /// The kernel's default names are `p_FUNCTION_0` and `r_FUNCTION_0` (kernel/trace/trace_kprobe.c, 6.1),
  /// `FUNCTION__entry` and `FUNCTION__exit` (kernel/trace/trace_fprobe.c, 6.6).
  public static func kind(ofEvent name: String) -> EventKind {
    let (function, isReturn) = suggestion(of: name)
    return kind(of: function, isReturn: isReturn)
  }

  /// The function that an event's name suggests, and whether it suggests its return.
  static func suggestion(of name: String) -> (function: String, isReturn: Bool) {
    if names.contains(name) { return (canonical(name), false) }
    var words = name[...]
    var isReturn = words.hasPrefix("r_")
    if isReturn || words.hasPrefix("p_") { words = words.dropFirst(2) }
    if words.hasSuffix("_0") { words = words.dropLast(2) }
    for ending in ["__return", "__exit", "_return", "_ret", "_exit"] where words.hasSuffix(ending) {
      words = words.dropLast(ending.count)
      isReturn = true
    }
    for ending in ["__entry", "_entry"] where words.hasSuffix(ending) {
      words = words.dropLast(ending.count)
    }
    return (canonical(String(words)), isReturn)
  }

  /// All functions, for looking up their addresses.
  public static let functions: [String] = table.flatMap(\.functions)

  /// The functions that share a meaning with `function`.
  static func siblings(of function: String) -> [String] {
    places[function].map { table[$0].functions } ?? []
  }

  static func sources(of kind: EventKind) -> [FieldSource] { arguments[kind] ?? [] }

  /// True for the returns, whose one argument is the value.
  public static func isReturn(_ kind: EventKind) -> Bool { returns.contains(kind) }

  private static func canonical(_ name: String) -> String { aliases[name] ?? name }

  private static let places: [String: Int] = Dictionary(
    table.indices.flatMap { place in table[place].functions.map { ($0, place) } },
    uniquingKeysWith: { first, _ in first })
  private static let aliases: [String: String] = Dictionary(
    table.flatMap { row in row.aliases.map { ($0, row.functions[0]) } },
    uniquingKeysWith: { first, _ in first })
  private static let names = Set(table.flatMap { $0.functions + $0.aliases })
  private static let returns = Set(table.map(\.back)).subtracting([.other])
  private static let arguments: [EventKind: [FieldSource]] = Dictionary(
    table.map { ($0.entry, $0.arguments) }, uniquingKeysWith: { first, _ in first })

  private static let table: [Signature] =
    allocator + hostTables + userPages + guests + objects
}
