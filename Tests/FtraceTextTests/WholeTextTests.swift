import Foundation
import LedgerCore
import Testing

@Suite struct WholeTextTests {
  static func event(_ cpu: Int, _ time: Int, pfn: Int = 1) -> String {
    "  sh-79    [00\(cpu)] .....   \(time).000000: mm_page_free: page=1 pfn=0x\(pfn) order=0\n"
  }

  @Test func emptyBufferIsACapture() throws {
    let reading = try Reading("# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:4\n")
    #expect(reading.events.isEmpty && reading.info.cpus == 4 && reading.losses.rows.isEmpty)
    #expect(reading.info.kind == "ftrace text")
  }

  @Test(arguments: ["", "hello\nworld\n", "[    1.5] Linux version 6.1\n", "a,b\n1,2\n"])
  func otherTextsAreRefused(_ text: String) {
    #expect(throws: CaptureError.self) { try Reading(text) }
  }

  @Test func eventBehindTheFirstLinesDoesNotCount() {
    let text = String(repeating: "x\n", count: 256) + Self.event(0, 1)
    #expect(throws: CaptureError.self) { try Reading(text) }
  }

  @Test func overwrittenEventsDarkenCPUsUntilTheirFirst() throws {
    let text =
      "# tracer: nop\n# entries-in-buffer/entries-written: 2/102   #P:2\n" + Self.event(1, 1)
      + Self.event(0, 2)
    let reading = try Reading(text)
    #expect(reading.loss(.overrun) == 100)
    #expect(
      reading.events.map(\.kind) == [
        .gapOpens, .gapOpens, .gapCloses, .pageFree, .gapCloses, .pageFree,
      ])
    #expect(reading.events.map(\.cpu) == [0, 1, 1, 1, 0, 0])
    #expect(reading.events[4].time == 2_000_000_000)
  }

  @Test func cpuWithoutEventsComesBackToLight() throws {
    var text = "# entries-in-buffer/entries-written: 2/102   #P:2\n"
    for index in 0..<5000 { text += Self.event(0, index) }
    let reading = try Reading(text)
    #expect(reading.records.count == 5000)
    #expect(reading.events.filter { $0.kind == .gapCloses }.map(\.cpu) == [0, 1])
  }

  @Test(arguments: [
    ("CPU:1 [LOST 204 EVENTS]", 204 as Int32, LossCode.lostEvents),
    ("CPU:1 [204 EVENTS DROPPED]", 204, .lostEvents), ("CPU:1 [LOST EVENTS]", 0, .lostUnknown),
    ("CPU:1 [EVENTS DROPPED]", 0, .lostUnknown),
  ])
  func lostEvents(_ line: String, _ lost: Int32, _ code: LossCode) throws {
    let text =
      Self.event(1, 1) + Self.event(0, 2) + line + "\n" + Self.event(0, 3) + Self.event(1, 4)
    let reading = try Reading(text)
    #expect(
      reading.events.map(\.kind) == [
        .pageFree, .pageFree, .pageFree, .gapOpens, .gapCloses, .pageFree,
      ])
    #expect(reading.events[3].time == 1_000_000_000 && reading.events[4].time == 4_000_000_000)
    #expect(reading.events[4].value == lost && reading.events[4].cpu == 1)
    #expect(reading.losses.rows.map(\.code) == [code] && reading.losses.rows[0].cpu == 1)
  }

  @Test func linesBetweenEvents() throws {
    let text =
      "cpus=2\n" + Self.event(0, 1) + "\n => a+0x1/0x2\n=> b (ffff)\n# c\n[LINE TOO BIG]\n"
      + "  sh-79 [000] 1.5: print: one\ntwo\nthree\n  sh-79 [000] 1.6: <stack trace>\n => f\n"
      + Self.event(0, 2) + "junk\nmore junk\n" + Self.event(0, 3)
    let reading = try Reading(text)
    #expect(reading.info.kind == "trace-cmd report text" && reading.info.cpus == 2)
    #expect(reading.records.count == 3 && reading.count("print") == 1)
    #expect(reading.losses.rows == [Loss(code: .malformedLine, count: 2, detail: "line 14")])
  }

  @Test func timesThatRunBack() throws {
    let text = Self.event(0, 5) + Self.event(1, 3) + Self.event(0, 4) + Self.event(0, 6)
    let reading = try Reading(text)
    #expect(
      reading.losses.rows == [Loss(code: .timeBackwards, count: 1, cpu: 0, detail: "line 3")])
    #expect(reading.info.start == 3_000_000_000 && reading.info.end == 6_000_000_000)
  }

  @Test func longLineCostsOneLine() throws {
    for length in [65_537, 3_000_000] {
      let long = "  sh-79 [000] 1.5: print: " + String(repeating: "y", count: length) + "\n"
      let reading = try Reading(Self.event(0, 1) + long + Self.event(0, 2))
      #expect(reading.records.count == 2)
      #expect(
        reading.losses.rows == [Loss(code: .malformedLine, count: 1, detail: "line 2")])
    }
  }

  /// What a long line may hide is a loss: an event at its start, one at its end, one that no block holds together with either.
  @Test(arguments: [0, 70_000, 600_000, 1_200_000], [70_000, 600_000, 3_000_000])
  func longLineThatMayHoldEvents(before: Int, behind: Int) throws {
    let event = "  sh-79    [000] .....   1.500000: mm_page_free: page=1 pfn=0x2 order=0 "
    let long = String(repeating: "y", count: before) + event + String(repeating: "z", count: behind)
    let reading = try Self.reading(file: Self.event(0, 1) + long + "\n" + Self.event(0, 2))
    #expect(reading.records.count == 2)
    #expect(reading.losses.rows.map(\.code) == [.malformedEvent])
    #expect(reading.losses.rows[0].detail.hasPrefix("line 2: not read behind byte 65536"))
    #expect(reading.events.map(\.kind) == [.pageFree, .gapOpens, .gapCloses, .pageFree])
  }

  /// A file comes in blocks, which a line may be longer than.
  private static func reading(file text: String) throws -> Reading {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-lines-\(UUID().uuidString)")
    try Data(text.utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try Reading(path: url.path)
  }

  @Test(arguments: ["\n", ""])
  func longLineAtTheEnd(ending: String) throws {
    let long = String(repeating: "y", count: 2_000_000) + Self.event(0, 7).dropLast() + ending
    let reading = try Self.reading(file: Self.event(0, 1) + Self.event(0, 2) + long)
    #expect(reading.records.count == 2 && reading.losses.rows.map(\.code) == [.malformedEvent])
  }

  @Test func longLinesOfAnotherProgramAreHarmless() throws {
    for words in ["pfn=1 but no event", "page_ref_mod without a frame", "BUG: Bad day"] {
      let long =
        String(repeating: "y", count: 300_000) + words + String(repeating: "z", count: 300_000)
      let text = Self.event(0, 1) + long + "\n" + Self.event(0, 2)
      for reading in [try Reading(text), try Self.reading(file: text)] {
        #expect(
          reading.losses.rows == [Loss(code: .malformedLine, count: 1, detail: "line 2")])
      }
    }
  }

  @Test func longLineOfALogMayHoldAComplaint() throws {
    let log = "[    1.000000] Linux version 6.1.0\n[    1.000001] x\n"
    for words in ["BUG: Bad page state in process a  pfn:01400", "harmless"] {
      let long = "[    2.000000] " + String(repeating: "y", count: 200_000) + words
      let reading = try Reading(log + long + "\n[    3.000000] z\n")
      #expect(reading.losses.rows.map(\.code) == [.malformedLine])
      #expect(reading.info.logDropped == (words == "harmless" ? 0 : 1))
    }
  }

  @Test func blocksMeetInsideLines() throws {
    var text = ""
    for index in 0..<40_000 { text += Self.event(index & 1, index, pfn: index) }
    let reading = try Reading(text)
    #expect(reading.records.count == 40_000 && reading.losses.rows.isEmpty)
  }

  @Test func cutLineIsCounted() throws {
    let reading = try Reading(Self.event(0, 1) + String(Self.event(0, 2).dropLast(9)))
    #expect(reading.records.count == 1)
    #expect(reading.losses.rows == [Loss(code: .truncated, count: 1, detail: "line 2")])
  }

  @Test func fields() throws {
    let text = "  sh-79    [001]     5.547666: thing: a=1 b=-2 c=0x3 d=x e\n" + Self.event(0, 6)
    let reading = try Reading(text, detail: .fields)
    #expect(reading.events.map(\.kind) == [.other, .pageFree])
    let detail = try #require(reading.details.first)
    #expect(detail.name == "thing" && detail.comm == "sh" && detail.body == "a=1 b=-2 c=0x3 d=x e")
    #expect(detail.fields.map(\.name) == ["a", "b", "c", "d"])
    #expect(detail.fields.map(\.value) == [.unsigned(1), .signed(-2), .hex(3), .string("x")])
    #expect(reading.details[1].system == "kmem" && reading.info.comms == [79: "sh"])
  }

  @Test func instanceNamesAreNoComms() throws {
    let text = "  guest.dat:     kworker/0:1-7     [000]     1.000001: a: b\n"
    let reading = try Reading(text)
    #expect(reading.info.comms == [7: "kworker/0:1"])
  }

  @Test func bodiesWithoutNames() throws {
    let text =
      "  sh-1 [000] ....  1.5: ktime_get <-tick\n  sh-1 [000] ....  1.6: sys_write(fd: 2)\n"
      + "  sh-1 [000] ....  1.7: sys_write -> 0x12\n"
    let reading = try Reading(text)
    #expect(reading.count("function") == 1 && reading.count("sys_write") == 2)
  }

  /// One buffer's events stand for themselves; where two have the same event, one of them counts.
  @Test func buffersOfOneReportAreToldApart() throws {
    let free = "[000]     1.00000"
    let parts = """
      cpus=2
      foo:            task-7   \(free)1: mm_page_free:         page=0x1 pfn=0x1 order=0
                      task-7   \(free)2: page_ref_set:         pfn=0x2 flags= count=0 mapcount=0 mapping=(nil) mt=0 val=0

      """
    let reading = try Reading(parts)
    #expect(reading.records.map(\.pfn) == [1, 2] && reading.losses.rows.isEmpty)
    let twice = try Reading(
      parts + "                task-7   \(free)3: mm_page_free:         page=0x3 pfn=0x3 order=0\n"
        + "foo:            task-7   \(free)4: mm_page_free:         page=0x4 pfn=0x4 order=0\n"
        + "                task-7   \(free)5: mm_page_free:         page=0x5 pfn=0x5 order=0\n")
    #expect(twice.records.map(\.pfn) == [1, 2, 5])
    #expect(twice.losses.rows.map(\.code) == [.severalBuffers])
    #expect(twice.losses.rows.first?.count == 2)
    #expect(twice.events.contains { $0.kind == .gapOpens })
  }
}
