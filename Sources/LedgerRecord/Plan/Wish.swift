import LedgerCore
import LedgerRules

/// What the user wants to know: rules, under their numbers or as a profile.
public struct Wish: Sendable {
  /// Rules in order of their numbers.
  public let rules: [String]

  /// Names of sets of rules.
  public static let profiles: [(name: String, rules: [String])] = [
    ("kvm", ["PL007", "PL008", "PL009", "PL010", "PL011", "PL012", "PL024"]),
    (
      "ttm",
      [
        "PL001", "PL007", "PL010", "PL015", "PL016", "PL017", "PL018", "PL019", "PL020", "PL021",
        "PL022", "PL026", "PL028",
      ]
    ),
    ("gup", ["PL002", "PL003", "PL013", "PL014", "PL018", "PL019", "PL023", "PL029"]),
  ]

  /// Rules of a list such as `PL010,PL007` or `kvm`; `all` is every rule.
  public init(_ words: String) throws(RecordError) {
    let known = RuleCatalog.needs.map(\.id)
    var chosen: Set<String> = []
    for word in words.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init) {
      let name = word.lowercased()
      if name == "all" {
        chosen.formUnion(known)
      } else if let profile = Self.profiles.first(where: { $0.name == name }) {
        chosen.formUnion(profile.rules)
      } else if known.contains(word.uppercased()) {
        chosen.insert(word.uppercased())
      } else {
        throw .usage(
          reason: "--for \(word): neither a rule (pageledger rules) nor kvm, ttm, gup or all")
      }
    }
    guard !chosen.isEmpty else { throw .usage(reason: "--for names no rule") }
    rules = known.filter(chosen.contains)
  }

  init(known rules: [String]) { self.rules = rules }

  /// Events beside those that a rule cannot do without: they make its answer certain, or explain what only looks wrong.
  static func extras(of rule: String) -> [EventKind] {
    switch rule {
    case "PL007", "PL013": host
    case "PL020": host + objects
    case "PL008": guest
    case "PL009": guest + host + [.insertPfn, .insertPfnReturn, .remapRange, .remapRangeReturn]
    case "PL010", "PL011":
      [
        .kvmPageFault, .kvmSpteRequested, .kvmUserspaceExit, .hvaToPfn, .hvaToPfnReturn,
        .pageAlloc, .pageFree,
      ]
    case "PL012": guest
    case "PL014", "PL023": [.grab, .grabReturn, .gupFastReturn, .gupSlowReturn]
    case "PL015", "PL017":
      [.insertPage, .insertPageReturn, .insertPages, .insertPagesReturn, .lruInsertion]
    case "PL016": [.insertHuge, .insertHugeReturn]
    case "PL018", "PL019": host
    case "PL021": [.freePages] + objects
    case "PL029": [.insertPfn, .insertPfnReturn, .remapRange, .remapRangeReturn] + host
    default: []
    }
  }

  /// What every rule of pages profits from: how blocks come apart, and what the kernel itself says.
  static let always: [EventKind] = [
    .pageAlloc, .pageFree, .pageFreeBatched, .splitPage, .prepCompoundPage, .badPage,
  ]

  private static let host: [EventKind] = [
    .unmapRange, .copyRange, .moveTables, .writeCopy, .protect, .migrationSet, .migrationRemoved,
    .migrationHugeSet, .migrationHugeRemoved, .exitMmap, .vmaStore, .vmaErase,
  ]

  private static let objects: [EventKind] = [
    .ttmPopulate, .ttmPopulateReturn, .ttmRelease, .ttmPageFree, .objectMmap, .objectUnmap,
  ]

  private static let guest: [EventKind] = [
    .kvmPageFault, .kvmSpteRequested, .kvmSetSpte, .kvmUserspaceExit, .unmapHva, .spteChanged,
    .zapAllFast, .changedSpte, .dropSpte, .memslot, .destroyVM, .notifierStart,
    .notifierStartReturn, .notifierEnd,
  ]
}
