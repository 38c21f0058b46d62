import LedgerCore
import Testing

@testable import LedgerCapture

/// Texts made of pieces of all dialects, cut, mixed and damaged; each from a seed, so that a failure comes again.
@Suite struct DialectFuzzTests {
  /// The numbers of names are those of one reading: one without details meets names of call chains too.
  static func withoutCallers(_ events: [Event]) -> [Event] {
    events.filter { $0.kind != .other }.map { event in
      var event = event
      if event.kind.name.hasSuffix("_ret") { event.pointer = 0 }
      return event
    }
  }

  static let pieces: [String] =
    (DialectTests.verbose + LineTests.contexts + LineTests.bodies + LineTests.probes).map(\.line)
    + [
      "# tracer: nop", "# tracer: function_graph", "#", "# CPU  DURATION      FUNCTION CALLS", "",
      "# entries-in-buffer/entries-written: 9/12   #P:2", DialectTests.free, DialectTests.get,
      "60 0 33034604488 type: 817", "0000003c 00000000 00000007b1040fc8 type: 817",
      " 3)               |  a() { /* <-b */", " 3)   0.081 us    |    c();", " 3)   1.2 us  |  }",
      " 3)    ls-12     =>  top-13", "##### CPU 1 buffer started ####", "CPU:1 [LOST 204 EVENTS]",
      " => f", "<stack trace>", "tracing_mark_write: one", "two", "foo <-bar", "type: 5",
      "</script>", "<script class=\"trace-data\">", "var linuxPerfData = \"\\", "x\\n\\", "\";",
      "> ", "| ", "cpus=2", "<html>",
    ]

  static func text(seed: UInt64) -> [UInt8] {
    var random = Steps(state: seed)
    var text: [UInt8] = []
    for _ in 0..<(5 + Int(random.next() % 60)) {
      var line = Array(pieces[Int(random.next() % UInt64(pieces.count))].utf8)
      if random.next() % 4 == 0, !line.isEmpty {
        line.removeLast(Int(random.next() % UInt64(line.count)))
      }
      if random.next() % 8 == 0, !line.isEmpty {
        line[Int(random.next() % UInt64(line.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.next() % 6 == 0 {
        line.insert(0x0a, at: Int(random.next() % UInt64(line.count + 1)))
      }
      text += line
      if random.next() % 16 != 0 { text.append(0x0a) }
    }
    return text
  }

  @Test(arguments: [TextDialect.ftrace, .traceCmd, .perf, .console])
  func mixedLines(_ dialect: TextDialect) {
    for seed in 0..<1500 as Range<UInt64> {
      let text = Self.text(seed: seed)
      let fields = Reading(parsing: text, as: dialect, detail: .fields)
      #expect(fields.events.count == fields.details.count, "seed \(seed)")
      let replay = Reading(parsing: text, as: dialect, detail: .replay)
      #expect(
        Self.withoutCallers(replay.events) == Self.withoutCallers(fields.events),
        "seed \(seed)")
    }
  }

  @Test func wholeReader() {
    for seed in 0..<150 as Range<UInt64> {
      _ = try? Reading(Self.text(seed: seed), detail: .fields)
      _ = try? Reading(Array("<html>\n".utf8) + Self.text(seed: seed), detail: .replay)
    }
  }
}
