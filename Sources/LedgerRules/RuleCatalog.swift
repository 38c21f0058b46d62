/// All rules.
public enum RuleCatalog {
  static let rules: [any Rule] = [
    PL001TailReference(), PL002GetFromZero(), PL003Underflow(), PL004FreedReferenced(),
    PL005DoubleFree(), PL010KvmRefused(), PL022MangledCount(), PL026OrderDiffers(),
    PL027Discontinuity(), PL028TailFreed(),
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
