import LedgerInput
import Testing

@testable import LedgerFormat

@Suite struct ConsoleMessageTests {
  static func format(_ field: String) throws -> EventFormat {
    try #require(makeFormat("printk", "console", id: 9, field))
  }

  /// A record with the words at byte 12, and `place` in the four bytes before them.
  static func record(_ place: UInt32, _ text: String, big: Bool = false) -> [UInt8] {
    let word = big ? place.bigEndian : place.littleEndian
    return [UInt8](repeating: 0, count: 8) + withUnsafeBytes(of: word) { Array($0) }
      + Array(text.utf8)
  }

  @Test(arguments: [
    ("__data_loc char[]", UInt32(12), UInt32(6) << 16, "BUG: x", "BUG: x", false),
    ("__data_loc char[]", 12, 100 << 16, "BUG: x\nmore", "BUG: x", true),
    ("__rel_loc char[]", 0, 4 << 16, "BUG: x", "BUG:", false),
    ("__data_loc char[]", 400, 6 << 16, "BUG: x", nil, false),
    ("__data_loc char[]", 0xffff, 0xffff << 16, "BUG: x", nil, false),
    ("__data_loc char[]", 12, 0, "", nil, false),
  ])
  func text(
    _ type: String, _ offset: UInt32, _ length: UInt32, _ words: String, _ expected: String?,
    _ big: Bool
  ) throws {
    let field = "\tfield:\(type) msg;\toffset:8;\tsize:4;\tsigned:0;"
    let message = try #require(ConsoleMessage([Self.format(field)], bigEndian: big))
    let bytes = Self.record(offset | length, words, big: big)
    let found = (bytes + [UInt8](repeating: 0, count: 64)).withRawSpan {
      message.text($0, at: 0, count: bytes.count)
    }
    #expect(found == expected)
    for count in 0..<bytes.count {
      _ = (bytes + [UInt8](repeating: 0, count: 64)).withRawSpan {
        message.text($0, at: 0, count: count)
      }
    }
  }

  @Test func otherFormats() throws {
    let field = "\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;"
    #expect(ConsoleMessage([try Self.format(field)], bigEndian: false) == nil)
    #expect(ConsoleMessage([], bigEndian: false) == nil)
  }
}
