/// All rules.
public enum RuleCatalog {
  /// Number of the set of rules: raised when a rule is added or begins to decide otherwise, so that reports can be told apart.
  public static let version = 1

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

  /// Those that take the kernel at its word.
  static let complaintRules: [any ComplaintRule] = [
    PL101BadPageState(), PL102BadPageMap(), PL103BadPageCache(), PL104BadCounter(),
    PL105BadSwapEntry(), PL106PageReference(), PL107Refcount(), PL108Kasan(), PL109KernelBug(),
    PL110KvmWarning(), PL111GraphicsWarning(), PL112PageDump(), PL113PageWarning(),
  ]

  /// The descriptions of all rules, in order of their numbers.
  public static var all: [RuleDescription] {
    rules.map(\.description) + complaintRules.map(\.description)
  }
}
