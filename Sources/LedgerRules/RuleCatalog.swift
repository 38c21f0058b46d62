/// All rules.
public enum RuleCatalog {
  static let rules: [any Rule] = [
    PL001TailReference(), PL002GetFromZero(), PL003Underflow(), PL004FreedReferenced(),
    PL005DoubleFree(), PL006DroppedMapped(), PL007FreedMapped(), PL008FreedInGuest(),
    PL009StaleGuestEntry(), PL010KvmRefused(), PL011KvmBlindGet(), PL012MappedOutside(),
    PL013GupSpecial(), PL014PinUnmovable(), PL015NormalOnPlain(), PL016HugePfn(),
    PL017ObjectNotPfnmap(), PL018CowPfnmap(), PL019WriteRestored(), PL020MovedMapped(),
    PL021Leak(), PL022MangledCount(), PL023PinImbalance(), PL024HeadForTails(),
    PL025FreedInDevice(), PL026OrderDiffers(), PL027Discontinuity(), PL028TailFreed(),
    PL029LookupOutlived(),
  ]

  /// Their descriptions, in order of their numbers.
  public static var all: [RuleDescription] { rules.map(\.description) }
}
