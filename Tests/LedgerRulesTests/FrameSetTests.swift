import LedgerCore
import Testing

@testable import LedgerRules

@Suite struct FrameSetTests {
  static let rows: [(frames: [UInt64], ranges: [ClosedRange<UInt64>])] = [
    ([], []),
    ([5], [5...5]),
    ([5, 6, 7], [5...7]),
    ([7, 6, 5], [5...7]),
    ([1, 3, 2, 9, 9, 1], [1...3, 9...9]),
    ([.max - 1, 0], [0...0, (.max - 1)...(.max - 1)]),
  ]

  @Test(arguments: rows)
  func joinsNeighbours(_ row: (frames: [UInt64], ranges: [ClosedRange<UInt64>])) {
    var set = FrameSet()
    for frame in row.frames { set.insert(frame) }
    #expect(set.settled() == row.ranges)
  }

  @Test func takesManyInAnyOrder() {
    var set = FrameSet()
    for index in 0..<20_000 as Range<UInt64> { set.insert(index &* 7919 % 20_000) }
    #expect(set.settled() == [0...19_999])
  }

  @Test func takesRanges() {
    var set = FrameSet()
    set.insert(10...13)
    set.insert(14)
    set.insert(2...3)
    #expect(set.settled() == [2...3, 10...14])
  }
}

@Suite struct KernelVersionTests {
  static let rows: [(release: String, isOld: Bool)] = [
    ("6.1.192-pglab", true), ("6.18.2", true), ("6.19.0", false), ("7.0-rc1", false),
    ("5.4", true), ("", false), ("unknown", false), ("6", false), ("6.x", false),
  ]

  @Test(arguments: rows) func compares(_ row: (release: String, isOld: Bool)) {
    let version = KernelVersion(release: row.release)
    #expect(version.map { $0 < KernelVersion(6, 19) } ?? false == row.isOld)
  }
}

@Suite struct CatalogTests {
  @Test func rulesHaveAllTheirWords() {
    let rules = RuleCatalog.all
    #expect(Set(rules.map(\.id)).count == rules.count)
    #expect(rules.map(\.id) == rules.map(\.id).sorted())
    for rule in rules {
      let words = [rule.name, rule.summary, rule.truth, rule.versions, rule.proof, rule.lookAlikes]
      let more = [rule.undecidable, rule.fix, rule.source, rule.example]
      #expect((words + more).allSatisfy { !$0.isEmpty }, "\(rule.id)")
      #expect(!rule.needs.isEmpty, "\(rule.id)")
    }
  }
}
