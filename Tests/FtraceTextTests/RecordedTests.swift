import LedgerCore
import Testing

@testable import LedgerCapture

/// Traces that were printed on a terminal or in a CI job, whose recorder put its own time before each line.
@Suite struct RecordedTests {
  static let prefixes = [
    "2026-11-21T20:24:23.003456Z ", "2026-11-21 20:24:23,003 ", "20:24:23.003  ",
    "[2026-11-21T20:24:23.003Z] ", "Nov 21 20:24:23 ", "\u{1b}[32m2026-11-21T20:24:23.0Z\u{1b}[0m ",
    "- {\"dt\": \"2026-11-21T20:24:23.003456\", \"lvl\": \"target\", \"msg\": \"",
    "{\"log\":\"",
  ]

  private static func text(_ lines: [String], _ prefix: String, end: String = "") -> String {
    let tail = prefix.contains("{\"") ? "\"}" : ""
    return lines.map { prefix + $0 + tail + end + "\n" }.joined()
  }

  private static let trace =
    ["# tracer: nop", "#", "# entries-in-buffer/entries-written: 9/9   #P:2", "#"]
    + (0..<9).map {
      "              sh-79      [00\($0 & 1)] .....    \($0 + 1).500000: mm_page_free: page=1 pfn=0x\($0) order=0"
    }

  private static let script = (0..<9).flatMap {
    [
      "              sh    79 [00\($0 & 1)]    \($0 + 1).500000: kmem:mm_page_free: page=0x1 pfn=0x\($0) order=0",
      "\tffffffff810 free_it+0x1 ([kernel.kallsyms])", "",
    ]
  }

  @Test(arguments: prefixes)
  func tracesBehindARecordersWords(_ prefix: String) throws {
    for end in ["", "\r", "\u{1b}[K\r"] {
      for (lines, kind) in [(Self.trace, "ftrace text"), (Self.script, "perf script text")] {
        let lead = Self.text(["Running the job", "+ cat trace"], prefix, end: end)
        let reading = try Reading(lead + Self.text(lines, prefix, end: end))
        #expect(reading.info.kind == kind)
        #expect(reading.records.map(\.pfn) == (0..<9).map { UInt64($0) })
        #expect(
          reading.records.map(\.time) == (0..<9).map { UInt64($0) * 1_000_000_000 + 1_500_000_000 })
        #expect(reading.records.map(\.cpu) == (0..<9).map { UInt16($0 & 1) })
        #expect(reading.info.comms == [79: "sh"])
        #expect(reading.losses.rows.allSatisfy { $0.code == .malformedLine })
      }
    }
  }

  /// Codes for terminals may stand in every block of a long text.
  @Test func longTexts() throws {
    let line = "  sh-79 [000] ..... 1.500000: mm_page_free: page=1 pfn=0x7 order=0"
    let count = 40_000
    for prefix in ["\u{1b}[0m", "2026-11-21T20:24:23.003456Z "] {
      let text = String(repeating: prefix + line + "\u{1b}[K\r\n", count: count)
      let reading = try Reading("# tracer: nop\n" + text)
      let bare = try Reading(text)
      if prefix.hasPrefix("2") {
        #expect(bare.records.count == count && bare.losses.rows.isEmpty)
      } else {
        #expect(reading.records.count == count && reading.losses.rows.isEmpty)
      }
    }
  }

  /// What the kernel printed keeps its stamps, and a few words like those of a trace prove nothing.
  @Test func otherLogs() {
    let log = "2026-11-21T20:24:23.003Z see sh-79 [000] 1.5: mm_page_free: pfn=0x1 order=0\n"
    #expect(throws: (any Error).self) { try Reading(log + "2026-11-21T20:24:23.003Z end\n") }
    let kernel = "2026-11-21T20:24:23Z [    1.500000] word\n"
    #expect((try? Reading(kernel + kernel))?.info.kind == "console log")
  }
}
