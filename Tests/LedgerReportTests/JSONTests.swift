import LedgerCore
import LedgerReport
import Testing

@Suite struct JSONTests {
  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  static let strings: [(raw: String, json: String)] = [
    ("", "\"\""), ("a\"b\\", "\"a\\\"b\\\\\""), ("\n\t\u{1}", "\"\\n\\t\\u0001\""),
    ("\u{7f}\u{9b}\u{202e}\u{2028}", "\"\\u007f\\u009b\\u202e\\u2028\""), ("π", "\"π\""),
    ("</script>", "\"</script>\""),
  ]

  @Test(arguments: strings) func stringIsQuoted(_ row: (raw: String, json: String)) {
    var writer = JSONWriter()
    writer.value(row.raw)
    #expect(Self.text(writer.bytes) == row.json)
  }

  @Test func commasStandBetweenValues() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("a", UInt64.max)
      writer.key("b")
      writer.array { writer in
        writer.null()
        writer.object { _ in }
        writer.array { $0.value(-1) }
      }
      writer.member("c", ["x", "y"])
    }
    #expect(
      Self.text(writer.bytes) == #"{"a":18446744073709551615,"b":[null,{},[-1]],"c":["x","y"]}"#)
  }

  static let members = [
    #"{"schema":"pageledger.analysis/1","verdict":"findings","capture":{"path":"a \"b\".dat","#,
    #""events":{"read":12345,"used":1234,"byName":{"a:shared":7,"b:shared":5,"mm_page_alloc":2}}"#,
    #""losses":[{"code":"lost-events","severity":"data-loss","count":17,"cpu":1,"detail":"#,
    #"{"id":"PL022","name":"leak","status":"not-recorded","missing":["kmem:mm_page_free"],"#
      + #""record":"pageledger record --for PL022 -- COMMAND"}"#,
    #""pages":1023,"pageRanges":[[1093377,1094399]],"block":{"pfn":1093376,"order":10,"kind":"plain"}"#,
    #""comm":"qemu\u001b[31m""#,
  ]

  @Test(arguments: members) func document(_ part: String) {
    #expect(Self.text(AnalysisDocument(SampleAnalysis.full).json()).contains(part))
  }

  @Test func linesAreOneForEachThing() {
    let lines = Self.text(AnalysisDocument(SampleAnalysis.full).lines()).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix(#"{"kind":"capture","schema":"pageledger.analysis/1""#))
    #expect(lines[0].hasSuffix(#""findings":1}"#))
    #expect(lines[1].hasPrefix(#"{"kind":"finding","path":"a \"b\".dat","id":"PL010-3fa2c1""#))
  }

  @Test func severalCapturesAreAnArray() {
    var stream = ReportStream(format: .json, captures: 2)
    stream.append(SampleAnalysis.full)
    stream.append(SampleAnalysis.full)
    stream.finish()
    let text = Self.text(stream.take())
    #expect(text.hasPrefix("[{") && text.contains("},\n{\"schema\"") && text.hasSuffix("}]\n"))
  }

  @Test func anArrayEndsEvenWithoutItsCaptures() {
    var stream = ReportStream(format: .json, captures: 2)
    stream.finish()
    #expect(Self.text(stream.take()) == "[]\n")
  }

  @Test func eventsBecomeLines() {
    var event = Event()
    event.time = 5
    event.pid = 7
    var detail = EventDetail(name: "mm_page_free", system: "kmem", comm: "sh")
    detail.fields = [
      ("pfn", .hex(16)), ("order", .signed(-1)), ("name", .string("a\0")),
      ("list", .array([1, 2])),
    ]
    var json = EventDocument()
    var bytes: [UInt8] = []
    json.append(event, detail, to: &bytes)
    #expect(
      Self.text(bytes)
        == #"{"time":5,"cpu":0,"pid":7,"comm":"sh","event":"mm_page_free","system":"kmem","#
        + #""fields":{"pfn":16,"order":-1,"name":"a\u0000","list":[1,2]}}"# + "\n")
    bytes = []
    EventLine(nanoseconds: true).append(event, detail, to: &bytes)
    #expect(
      Self.text(bytes)
        == "                  sh-7 [000] 0.000000005: mm_page_free: pfn=0x10 order=-1 name=a\\x00 "
        + "list=[1,2]\n")
  }
}
