import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

/// Addresses of programs, named by the mappings that perf recorded.
@Suite struct UserMapsTests {
  private var maps = UserMaps()
  private let chains = StackStore()

  private mutating func map(
    _ process: UInt32, _ start: UInt64, _ size: UInt64, _ offset: UInt64, _ path: String,
    at time: UInt64 = 0, misc: UInt16 = 2, isNewer: Bool = true
  ) {
    var bytes: [UInt8] = []
    func put<Number: FixedWidthInteger>(_ number: Number) {
      for byte in 0..<(Number.bitWidth / 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> Number(byte * 8)))
      }
    }
    put(process)
    put(process)
    for word in [start, size, offset] { put(word) }
    if isNewer { bytes += [UInt8](repeating: 0, count: 32) }
    bytes += Array(path.utf8) + [0]
    let end = bytes.count
    bytes += [UInt8](repeating: 0, count: 8)
    bytes.withUnsafeBytes { raw in
      maps.note(
        raw.bytes, 0, end, isNewer: isNewer, misc: misc, time: time, false, chains)
    }
  }

  private mutating func words(_ address: UInt64, _ process: Int32, at time: UInt64) -> String {
    let number = maps.number(of: [address], process: process, at: time, chains)
    return chains.table.userFrames(of: number).map { CodeFrame($0).words }.joined()
  }

  @Test(arguments: [true, false])
  func namesAndOffsets(_ isNewer: Bool) {
    var test = self
    test.map(7, 0x40_0000, 0x1000, 0x2000, "/usr/bin/qemu-system-x86_64", isNewer: isNewer)
    test.map(7, 0x7fff_0000, 0x1000, 0x7fff_0000, "[vdso]", isNewer: isNewer)
    test.map(7, 0x50_0000, 0x1000, 0, "//anon", isNewer: isNewer)
    test.map(7, 0x60_0000, 0x1000, 0, "/usr/share/data", misc: 2 | 1 << 13, isNewer: isNewer)
    #expect(test.words(0x40_0010, 7, at: 5) == "qemu-system-x86_64+0x2010")
    #expect(test.words(0x7fff_0123, 7, at: 5) == "[vdso]+0x123")
    for other in [0x40_1000, 0x50_0010, 0x60_0010] as [UInt64] {
      #expect(test.words(other, 7, at: 5) == hex(other))
    }
    #expect(test.words(0x40_0010, 8, at: 5) == "0x400010")
  }

  /// Records of one CPU may be read before older ones of another.
  @Test func mappingsHaveTheirTimes() {
    var test = self
    test.map(7, 0x40_0000, 0x1000, 0, "/bin/sh", at: 10)
    test.maps.exec(7, at: 20)
    test.map(7, 0x40_0000, 0x1000, 0, "/bin/ls", at: 21)
    #expect(test.words(0x40_0010, 7, at: 15) == "sh+0x10")
    #expect(test.words(0x40_0010, 7, at: 25) == "ls+0x10")
    #expect(test.words(0x40_0010, 7, at: 5) == "0x400010")
  }

  @Test func childrenHaveTheMemoryOfTheirParents() {
    var test = self
    test.map(7, 0x40_0000, 0x1000, 0, "/bin/sh", at: 10)
    test.maps.fork(8, parent: 7, at: 20)
    test.map(7, 0x50_0000, 0x1000, 0, "/lib/late.so", at: 30)
    #expect(test.words(0x40_0010, 8, at: 25) == "sh+0x10")
    #expect(test.words(0x50_0010, 8, at: 35) == "0x500010")
    test.maps.exec(8, at: 40)
    #expect(test.words(0x40_0010, 8, at: 45) == "0x400010")
    // A circle of parents ends.
    test.maps.fork(9, parent: 10, at: 1)
    test.maps.fork(10, parent: 9, at: 1)
    #expect(test.words(0x1, 9, at: 2) == "0x1")
  }

  @Test func largeOffsetsStayAddresses() {
    var test = self
    test.map(7, 0x1000, .max, 0, "/bin/huge")
    test.map(8, 0x1000, 0x1000, .max, "/bin/odd")
    #expect(test.words(0x5000_0000, 7, at: 1) == "0x50000000")
    #expect(test.words(0x1010, 8, at: 1) == "odd+0xf")
  }
}
