import LedgerBatch
import Testing

/// Lists of inputs, and their parts.
@Suite struct ManifestTests {
  private static func entries(_ text: String) throws -> [ManifestEntry] {
    try Manifest.entries(of: Array(text.utf8))
  }

  private static let entry = ManifestEntry(
    path: "a b.dat", labels: [Label(name: "host", value: "h1"), Label(name: "job", value: "9")])

  static let same = [
    "a b.dat\tjob=9\thost=h1\n", "path\tjob\thost\r\na b.dat\t9\th1\r\n",
    "path\tx\thost\tjob\n\na b.dat\t\th1\t9", "{\"path\":\"a b.dat\",\"job\":9,\"host\":\"h1\"}",
    "{\"job\":9,\"x\":null,\"host\":\"h1\",\"path\":\"a b.dat\",\"host\":\"h2\"}\n\n",
  ]

  @Test(arguments: same) func readsBothForms(_ text: String) throws {
    #expect(try Self.entries(text) == [Self.entry])
  }

  static let refused: [(text: String, line: Int)] = [
    ("a\nb\tjob\n", 2), ("a\n\n{\"path\":1}\n", 3), ("{\"path\":\"a\"", 1), ("{}", 1),
    ("a\n{\"path\":\"a\",\"x\":[]}", 2), ("path\tjob\na\t1\t2", 2), ("\tjob=1", 1), ("a\t=1", 1),
  ]

  @Test(arguments: refused) func namesTheLine(_ row: (text: String, line: Int)) {
    let error = #expect(throws: JSONError.self) { try Self.entries(row.text) }
    #expect(error?.line == row.line)
  }

  @Test func readsPartsCountedFromZeroOrOne() {
    #expect(Shard("4/4") == Shard("0/4"))
    #expect(Shard("1/4") != Shard("0/4"))
    for text in ["", "1", "1/0", "5/4", "-1/4", "1/2/3", "a/b", "1/99999999"] {
      #expect(Shard(text) == nil, "\(text)")
    }
  }

  @Test func everyInputIsInOnePart() {
    var list = InputList { _ in [] }
    for number in 0..<200 { list.add(ManifestEntry(path: "/nowhere/\(number)")) }
    list.add(
      ManifestEntry(path: "/nowhere/given", labels: [Label(name: "shard", value: "7")]))
    list.settle()
    var seen: [String] = []
    for number in 1...5 {
      guard let shard = Shard("\(number)/5") else { continue }
      var part = list
      part.keep(shard)
      #expect(part.inputs.count > 10)
      if number == 2 { #expect(part.inputs.contains { $0.path == "/nowhere/given" }) }
      #expect(part.inputs.allSatisfy { $0.labels.isEmpty })
      seen += part.inputs.map(\.path)
    }
    #expect(seen.sorted() == list.inputs.map(\.path).sorted())
  }
}
