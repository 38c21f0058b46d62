import Testing

@testable import LedgerRules

/// The number of the set of rules stands for what is in it.
@Suite struct RuleSetTests {
  /// Who adds or removes a rule raises the number, and writes down here what it stands for.
  @Test func theNumberNamesItsRules() {
    #expect(RuleCatalog.version == 1)
    let numbers = Array(1...29) + Array(101...113)
    let ids = numbers.map { "PL" + String(repeating: "0", count: 3 - "\($0)".count) + "\($0)" }
    #expect(RuleCatalog.all.map(\.id) == ids)
  }
}
