import LedgerCore
import Testing

@Suite struct StackTableTests {
  @Test func equalChainsHaveOneNumber() {
    var table = StackTable()
    let a = table.number(of: [1, 2, 3])
    #expect(table.number(of: [1, 2, 3]) == a)
    #expect(table.number(of: [1, 2]) != a)
    #expect(table.number(of: []) == 0)
    #expect(table.frames(of: a).map(\.address) == [1, 2, 3])
    #expect(table.frames(of: 0).isEmpty && table.frames(of: 99).isEmpty)
  }

  @Test func namesAndOffsetsComeBack() {
    var table = StackTable()
    let words = [
      table.word(hash: 1, offset: 0x1c) { "f" }, table.word(hash: 2, offset: nil) { "g" },
      table.word(hash: 1, offset: nil) { "never asked" },
    ]
    let number = table.number(of: words)
    let frames = table.frames(of: number)
    #expect(frames.map(\.name) == ["f", "g", "f"])
    #expect(frames.map(\.offset) == [0x1c, nil, nil])
    #expect(frames.allSatisfy { $0.address == nil })
  }

  @Test func roomIsBounded() {
    var table = StackTable()
    for number in 0..<UInt64(StackTable.limit + 10) { _ = table.number(of: [number, 7]) }
    #expect(table.count == StackTable.limit)
    #expect(table.dropped == 10)
    let deep = table.number(of: Array(repeating: 0, count: 1))
    #expect(deep == 0)
  }
}
