/// All rules.
public enum RuleCatalog {
  static let rules: [any Rule] = [
    PL001TailReference(), PL002GetFromZero(), PL003Underflow(), PL004FreedReferenced(),
    PL005DoubleFree(), PL010KvmRefused(), PL022MangledCount(), PL026OrderDiffers(),
    PL027Discontinuity(), PL028TailFreed(),
  ]

  /// Their descriptions, in order of their numbers.
  public static var all: [RuleDescription] { rules.map(\.description) }
}
