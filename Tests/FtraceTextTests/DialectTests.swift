import LedgerCore
import Testing

/// Short texts in the dress of each option, and what must come of them.
@Suite struct DialectTests {
  static let free = "mm_page_free: page=00000000e0311bea pfn=0x10 order=3"
  static let get =
    "page_ref_mod: pfn=0x10 flags=none count=2 mapcount=0 mapping=0000000000000000 mt=0 val=1"

  static let verbose: [LineCase] = [
    LineCase(
      "verbose",
      "         ttm_kvm      64   1 1 00000001 00000002 [01f87767] 46.702ms (+0.019ms): \(free)"
    ) {
      $0.time == 0x01f8_7767 * 1000 && $0.pid == 64 && $0.cpu == 1 && $0.context == 1
        && $0.pfn == 16
    },
    LineCase(
      "verbose ticks",
      " a b      65   1 0 00000000 00000000 [00000003bc63f9b8] 33930802 (+3315926): \(free)"
    ) { $0.time == 0x3_bc63_f9b8 && $0.pid == 65 && $0.order == 3 },
    LineCase(
      "fields",
      " sh-79  [001] .....  5.000001: mm_page_free: pfn=0x10 (16) order=0x3 (3)"
    ) { $0.pfn == 16 && $0.order == 3 },
    LineCase(
      "fields of a probe",
      " sh-79  [001] .....  5.1: hva_to_pfn_ret: __probe_func=0xff (-1) __probe_ret_ip=0xee (-2) ret=0x46492 (287890)"
    ) { $0.kind == .hvaToPfnReturn && $0.pfn == 0x46492 },
    LineCase(
      "fields of references",
      " sh-79  [001] .....  5.1: page_ref_mod_unless: pfn=0x10 (16) flags=0x8 (8) count=0x0 (0) mapcount=0xffffffff (-1) mapping=0x0 (0) mt=0x0 (0) val=0x1 (1) ret=0x0 (0)"
    ) { $0.pfn == 16 && $0.mapcount == -1 && $0.value == 1 && $0.word == 8 },
    LineCase(
      "symbols with addresses",
      " sh-79  [001] .....  5.1: r1: (kvm_faultin_pfn+0x4d/0x5 <ffffffff8d87bc9d> <- hva_to_pfn <ffffffff8d831854>) ret=0x16"
    ) { $0.kind == .hvaToPfnReturn && $0.pfn == 0x16 },
    LineCase(
      "graph comment",
      "   21.909028 |   0)  ttm_kvm-186   |  d..2. |   4.122 us    |  /* \(free) */"
    ) { $0.time == 21_909_028_000 && $0.pid == 186 && $0.context == 1 && $0.pfn == 16 },
    LineCase(
      "old null page",
      " a-1 [000] .... 1.5: mm_page_alloc: page=          (null) pfn=0 order=2 migratetype=0 gfp_flags=GFP_KERNEL"
    ) { $0.pfn == Event.noFrame && $0.order == 2 },
    LineCase(
      "decimal before 5.15", " a-1 [000] .... 1.5: mm_page_free: page=ffffea0000 pfn=5120 order=0"
    ) { $0.pfn == 5120 },
  ]

  @Test(arguments: verbose)
  func line(_ row: LineCase) throws {
    let reading = try Reading("# tracer: nop\n#\n" + row.line + "\n")
    let event = try #require(reading.records.first)
    #expect(reading.records.count == 1 && row.expect(event), "\(event)")
    #expect(reading.losses.rows.isEmpty, "\(reading.losses.rows)")
  }

  @Test func withoutContext() throws {
    let text =
      "# tracer: nop\n#\n\(Self.free)\ntracing_mark_write: one\ntwo: three\n<stack trace>\n => f\n"
      + "sched_switch: a=1\nfoo <-bar\nsys_write(fd: 2)\n\(Self.get)\n"
    let reading = try Reading(text, detail: .fields)
    #expect(
      reading.records.map(\.kind) == [
        .pageFree, .other, .other, .other, .other, .other, .pageRefMod,
      ])
    #expect(reading.records.map(\.time) == Array(0..<7))
    #expect(reading.records.allSatisfy { $0.pid == -1 && $0.cpu == 0 })
    #expect(reading.losses.rows.map(\.code) == [.contextNotPrinted])
    #expect(!reading.info.timeIsNanoseconds)
  }

  @Test func withoutContextAndHeader() throws {
    let reading = try Reading(String(repeating: Self.get + "\n", count: 5))
    #expect(reading.records.count == 5 && reading.loss(.contextNotPrinted) == 5)
    #expect(throws: CaptureError.self) { try Reading(Self.get + "\nsome_words: here\n") }
  }

  @Test(arguments: [
    (
      "60 0 33034604488 type: 817\n64 1 33060192444 ffffffff8daf6524 ffffffff8d8d7edf\n",
      60 as Int32
    ),
    (
      "0000003c 00000000 00000007b1040fc8 type: 817\n\n00000040 00000001 00000007b28a80bc type: 4\n\n",
      60
    ),
  ])
  func numbersOnly(_ text: String, _ pid: Int32) throws {
    let reading = try Reading("# tracer: nop\n#\n" + text, detail: .fields)
    #expect(reading.records.map(\.pid) == [pid, 64] && reading.records.map(\.cpu) == [0, 1])
    #expect(reading.records[0].time == 33_034_604_488 && reading.count("type-817") == 1)
    #expect(reading.losses.rows.map(\.code) == [.bodyNotPrinted])
  }

  @Test func binIsNamed() {
    // pid, CPU and time of each event, then its fields: kernel/trace/trace.c:print_bin_fmt, 6.1
    let record: [UInt8] = [0x54, 0, 0, 0, 0, 0, 0, 0, 0x1c, 0x5f, 0, 0x5c, 1, 0, 0, 0]
    let text = Array("# tracer: nop\n#\n".utf8) + record + record + record + record
    #expect {
      try Reading(text)
    } throws: {
      ($0 as? CaptureError)?.message.contains("nobin") == true
    }
  }

  /// A tail of zeros is a hole of the file, not the option `bin`.
  @Test func zerosAreLoss() throws {
    let reading = try Reading(Array("# tracer: nop\n#\n".utf8) + Array(repeating: 0, count: 64))
    #expect(reading.losses.rows.map(\.code) == [.truncated])
  }

  @Test func functionGraph() throws {
    let text =
      "# tracer: function_graph\n#\n# CPU  DURATION                  FUNCTION CALLS\n"
      + " 3)               |  a(x=0x1, y=0x2) { /* <-b+0x1/0x2 */\n 3)   0.081 us    |    c();\n"
      + " 3)               |  /* \(Self.free) */\n 3) + 11.459 us   |  } /* a ret=0x0 */\n"
      + " ------------------------------------------\n 3)    ls-12     =>  top-13\n ------------\n\n"
      + " 3)   ==========> |\n 3)               |  /* \(Self.get) */\n 3)   <========== |\n"
      + " 3) ! 19354026 us |  d [mod]();\n"
    let reading = try Reading(text)
    #expect(reading.count("funcgraph_entry") == 3 && reading.count("funcgraph_exit") == 1)
    #expect(reading.records.map(\.kind) == [.pageFree, .pageRefMod])
    #expect(reading.records.map(\.pid) == [-1, 13] && reading.records.map(\.cpu) == [3, 3])
    #expect(reading.losses.rows.map(\.code) == [.contextNotPrinted])
  }

  @Test func graphWithTimesAndTasksLacksNothing() throws {
    let text =
      "# tracer: function_graph\n#\n   21.000001 |   0)   sh-18   |   1.2 us    |  f();\n"
      + "   21.000002 |   1)   sh-18   |               |  /* \(Self.free) */\n"
    let reading = try Reading(text)
    #expect(reading.records.map(\.time) == [21_000_002_000] && reading.losses.rows.isEmpty)
  }

  @Test func functionsWithArguments() throws {
    let text =
      " a-1 [000] ...1. 1.5: kfree(object=0xff, size=2) <-foo+0x1/0x2\n"
      + " a-1 [000] ...1. 1.6: sys_write(fd: 2, buf: 1)\n a-1 [000] ...1. 1.7: UNKNOWN TYPE 4\n"
    let reading = try Reading(text)
    #expect(reading.count("function") == 1 && reading.count("sys_write") == 1)
    #expect(reading.count("type-4") == 1 && reading.losses.rows.isEmpty)
  }

  @Test func lateBufferDarkensItsCPU() throws {
    let text =
      WholeTextTests.event(0, 1) + "##### CPU 1 buffer started ####\n" + WholeTextTests.event(1, 2)
    let kinds = try Reading(text).events.map(\.kind)
    #expect(kinds == [.pageFree, .gapOpens, .gapCloses, .pageFree])
  }

  @Test func secondBufferClosesWhatWasKnown() throws {
    let text =
      "# tracer: nop\n" + WholeTextTests.event(0, 5) + "# tracer: nop\n"
      + WholeTextTests.event(0, 3)
    let reading = try Reading(text)
    #expect(reading.events.map(\.kind) == [.pageFree, .gapOpens, .gapCloses, .pageFree])
    #expect(reading.loss(.lostUnknown) == 1 && reading.loss(.timeBackwards) == 0)
  }
}

/// Traces in mails and web pages.
@Suite struct IslandTests {
  static let event = "    ttm_kvm-64  [001] ...1.  33.060711: "

  /// A line of a page_ref event broken at each of its spaces, with and without quotation.
  @Test(arguments: ["", "> ", "> > ", "| "])
  func wrapped(_ quote: String) throws {
    let whole = Self.event + DialectTests.get
    let words = whole.split(separator: " ").map(String.init)
    for cut in 2..<words.count {
      let text =
        quote + "    " + words[..<cut].joined(separator: " ") + "\n" + quote
        + words[cut...].joined(separator: " ") + "\n" + quote + Self.event + DialectTests.free
        + "\n" + quote + Self.event + DialectTests.free + "\n"
      let reading = try Reading(text)
      #expect(reading.records.map(\.kind) == [.pageRefMod, .pageFree, .pageFree], "\(text)")
      #expect(reading.records.first?.count == 2 && reading.losses.rows.isEmpty, "\(text)")
    }
  }

  @Test func restThatNeverComes() throws {
    let cut = String((Self.event + DialectTests.get).dropLast(12))
    let text =
      Self.event + DialectTests.free + "\n" + cut + "\nand then it hung\n"
      + Self.event + DialectTests.free + "\n"
    for detail in [ReadDetail.replay, .fields] {
      let reading = try Reading(text, detail: detail)
      #expect(reading.loss(.malformedEvent) == 1)
      #expect(reading.records.filter { $0.kind == .pageFree }.count == 2)
      #expect(reading.events.map(\.kind).contains(.gapOpens))
    }
  }

  @Test func farFromTheStart() throws {
    let prose = String(repeating: "words of a mail, line by line\n", count: 60_000)
    let reading = try Reading(
      prose + Self.event + DialectTests.free + "\nmore\n" + Self.event + DialectTests.free + "\n")
    #expect(reading.records.count == 2 && reading.info.kind == "ftrace text")
    #expect(throws: CaptureError.self) {
      try Reading(prose + Self.event + DialectTests.free + "\n")
    }
  }

  static let trace =
    "# tracer: nop\n#\n" + event + DialectTests.free + "\n" + event + "a: \"b\" c\\d\n"

  @Test func newPage() throws {
    let page =
      "<!DOCTYPE html>\n<script>\nvar a = 1;\n</script>\n<script class=\"trace-data\" type=\"application/text\">\n"
      + Self.trace + "</script>\n<p>x</p>\n"
    let reading = try Reading(page, detail: .fields)
    #expect(reading.info.kind == "ftrace text (systrace HTML)")
    #expect(reading.details.last?.body == "\"b\" c\\d" && reading.records.count == 2)
    #expect(reading.losses.rows.isEmpty)
  }

  @Test func oldPage() throws {
    let escaped = Self.trace.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n\\\n")
    let page = "<html>\n<script>\n  var linuxPerfData = \"\\\n" + escaped + "\\n\";\n</script>\n"
    let reading = try Reading(page, detail: .fields)
    #expect(reading.details.last?.body == "\"b\" c\\d" && reading.records.count == 2)
    #expect(reading.losses.rows.isEmpty)
  }

  @Test(arguments: [
    ("<html><body>hello</body></html>\n", "HTML page"),
    ("<!doctype html>\n<script id=\"viewer-data\" type=\"text/plain\">H4sI</script>\n", "packed"),
  ])
  func pageWithoutTrace(_ page: String, _ word: String) {
    #expect {
      try Reading(page)
    } throws: {
      ($0 as? CaptureError)?.message.contains(word) == true
    }
  }
}
