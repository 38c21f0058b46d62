import LedgerBatch
import Testing

/// The reader of JSON: what RFC 8259 allows, and what it does not.
@Suite struct JSONTests {
  private static func value(_ text: String) throws -> JSONValue {
    try JSONReader.value(of: Array(text.utf8))
  }

  static let values: [(text: String, value: JSONValue)] = [
    ("null", .null), (" true ", .bool(true)), ("false\n", .bool(false)),
    ("0", .number(0)), ("18446744073709551615", .number(.max)),
    ("18446744073709551616", .other("18446744073709551616")), ("-1", .other("-1")),
    ("1.5e-3", .other("1.5e-3")), ("\"\"", .string("")), ("\"a\\\"\\\\\\/b\"", .string("a\"\\/b")),
    ("\"\\u0041\\u00e9\\ud83d\\ude00\"", .string("A\u{e9}\u{1f600}")),
    ("\"\\ud83dx\\udc00\"", .string("\u{fffd}x\u{fffd}")), ("\"\u{e9}\"", .string("\u{e9}")),
    ("[]", .array([])), ("[1,[2]]", .array([.number(1), .array([.number(2)])])),
    ("{}", .object([])),
  ]

  @Test(arguments: values) func reads(_ row: (text: String, value: JSONValue)) throws {
    #expect(try Self.value(row.text) == row.value)
  }

  @Test func readsMembersWithTheirLines() throws {
    let value = try Self.value("{\"a\": 1,\n \"b\":\n{\"c\":[]}}")
    #expect(value.members?.map(\.line) == [1, 2])
    #expect(value["b"]?["c"] == .array([]))
    #expect(value["d"] == nil)
  }

  static let refused = [
    "", " ", "nul", "tru", "01", "-", "1.", "1e", ".5", "+1", "\"", "\"\\x\"", "\"\\u12\"",
    "\"\n\"", "[1,]", "[1 2]", "[", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "1 2", "NaN",
    "'a'", "// x\n1", String(repeating: "[", count: 100),
    String(repeating: "{\"a\":", count: 100_000),
  ]

  @Test(arguments: refused) func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try Self.value(text) }
  }

  @Test func refusesWhatIsNotUTF8() {
    #expect(throws: JSONError.self) { try JSONReader.value(of: [0x22, 0xff, 0x22]) }
    #expect(throws: JSONError.self) { try JSONReader.value(of: [0x22, 0xc3, 0x22]) }
  }

  /// Any bytes are read or refused; what is spoilt at one place never traps.
  @Test func survivesAnyBytes() {
    let text = Array(
      "{\"schema\":\"pageledger.batch/1\",\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d\\ude00\"]}"
        .utf8)
    for cut in 0...text.count { _ = try? JSONReader.value(of: Array(text[..<cut])) }
    for place in text.indices {
      for byte: UInt8 in [0, 0x22, 0x5c, 0x5b, 0x7b, 0x75, 0x2c, 0x39, 0xc3, 0xff] {
        var spoilt = text
        spoilt[place] = byte
        _ = try? JSONReader.value(of: spoilt)
        _ = try? FindingSet(json: spoilt)
        _ = try? Suppressions(json: spoilt, name: "x", today: "2026-11-21")
        _ = try? Manifest.entries(of: spoilt)
      }
    }
  }
}
