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

  @Test func partsOfAChainAreJoined() {
    var table = StackTable()
    let kernel = table.number(of: [1, 2])
    let user = table.userNumber(of: [7])
    let other = table.number(of: [3])
    let both = StackTable.joined(kernel, user)
    #expect(both == StackTable.joined(user, kernel))
    #expect(table.frames(of: both).map(\.address) == [1, 2])
    #expect(table.userFrames(of: both).map(\.address) == [7])
    #expect(table.frames(of: user).isEmpty && table.userFrames(of: kernel).isEmpty)
    #expect(StackTable.joined(both, 0) == both && StackTable.joined(0, both) == both)
    #expect(table.frames(of: StackTable.joined(both, other)).map(\.address) == [3])
    #expect(StackTable.hasUser(both) && StackTable.hasKernel(both) && !StackTable.hasUser(other))
    for number in 0..<UInt64(StackTable.userLimit) { _ = table.userNumber(of: [number, 9]) }
    #expect(table.dropped == 1)
    #expect(table.userFrames(of: user).map(\.address) == [7])
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
