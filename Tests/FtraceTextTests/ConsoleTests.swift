import CommandTestSupport
import Foundation
import LedgerCore
import Testing

@testable import LedgerCapture

@Suite struct ConsoleTests {
  static let header = "Dumping ftrace buffer:\n---------------------------------\n"
  static let closing = "---------------------------------\n"

  static func event(_ cpu: Int, _ micros: Int, pfn: Int = 1) -> String {
    "      sh-79        \(cpu)..s1. \(micros)us : mm_page_free: page=1 pfn=0x\(pfn) order=0\n"
  }

  /// A dump with the same piece of dressing before each line.
  static func dump(_ dressing: String, end: String = "") -> String {
    let text = header + event(0, 5, pfn: 3) + "CPU:1 [LOST 7 EVENTS]\n" + event(1, 6) + closing
    return text.split(separator: "\n").map { dressing + $0 + end + "\n" }.joined()
  }

  static let dressings = [
    "", "<0>", "[  707.310564] ", "<0>[  707.310564] ", "[  707.310564][ T123] ",
    "[ 1100.124765][    C2] ", "<4>[  707.310564][T300542] ",
    "Nov 21 13:00:00 host kernel: [  707.310564] ", "Nov  1 13:00:00 host kernel: ",
    "2024-05-02T10:11:12.123456  ", "2024-05-02T10:11:12.123456Z <0>[  707.310564] ",
    "2024-05-02T10:11:12+0000 host kernel: ", "2024-05-02 10:11:12,123 [  707.310564] ",
    "10:11:12.123 [ 7.310] ", "[Mon Jan  1 00:00:00 2024] ", "kern  :emerg : [  707.310564] ",
    "\r[  707.310564] ", "> [  707.310564] ", "> > <0>[  707.310564] ",
    "\u{1b}[32m[  707.310564] \u{1b}[0m\u{1b}[31m", "<7> [ 94.300313] ",
    "<0>1 2026-11-21T20:24:23.003Z host kernel - - - [  707.310564] ",
    "<4>1 2026-11-21T20:24:23.003123+01:00 h kernel 7 ID [a@1 b=\"c \\] d\"][e] \u{feff}",
    "1 - - kernel - - - ", "kernel: ", "11-21 20:24:23.003     0     0 W kernel  : ",
    "11-21 20:24:23.003     0     0 I         : ",
    "11-21 20:24:23.003 +0100  root     0     0 I kernel  : [  707.310564] ",
    "2026-11-21 20:24:23.003 +0100     0     0 I kernel  : ",
    "1763756663.003     0     0 I kernel  : ", "W/kernel  (    0): [  707.310564] ",
    "11-21 20:24:23.003 I/kernel(    0): ", "I/kernel: ", "I(    0) ",
    "Sat Nov 21 20:24:23 2026 kern.warn kernel: [  707.310564] ",
    "[  707.310564 <    0.000001 >] host kernel: ", "[Nov21 20:24] ", "[  +0.000005] ",
    "[ 12.345678 0.000012] [  707.310564] ", "vm-1  | [  707.310564] ",
  ]

  @Test(arguments: dressings)
  func dressing(_ dressing: String) throws {
    for end in ["", "\r", "\u{1b}[0m", "\u{1b}[0m\r\r"] {
      let reading = try Reading(Self.dump(dressing, end: end))
      #expect(reading.info.kind == "console log with ftrace dump")
      #expect(reading.records.map(\.time) == [5000, 6000])
      #expect(reading.records.map(\.cpu) == [0, 1] && reading.records.map(\.pfn) == [3, 1])
      #expect(reading.info.comms == [79: "sh"] && reading.records[0].context == 0x10)
      #expect(
        reading.losses.rows == [Loss(code: .lostEvents, count: 7, cpu: 1, detail: "line 4")])
    }
  }

  /// A recorder's own words may stand before printk's stamp; events of a trace that quote the log are no log.
  @Test func farStamps() throws {
    let log = (1...3).map { "01O vm | [    \($0).500000] word\n" }.joined()
    #expect(try Reading(log).info.kind == "console log")
    let quoted = (1...3).map { "sh-79 [000] ..... \($0).1: console: [    \($0).100000] word\n" }
    #expect(try Reading(quoted.joined()).info.kind == "ftrace text")
    let android = "11-21 20:24:23.003  1234  1240 I ActivityManager: Start proc\n"
    #expect(throws: (any Error).self) { try Reading(String(repeating: android, count: 9)) }
  }

  @Test(arguments: [
    "[    1.5] Linux version 6.1\n", "[ 1.500000] Dumping ftrace buffer:\n",
    "[ 1.500000] Dumping ftrace buffer:\n[ 1.500000]    (ftrace buffer empty)\n",
    "<0>[ 1.500000] --------------------------------- \n", dump("").replacing(header, with: ""),
  ])
  func noDump(_ text: String) {
    let isTrace = (try? Reading(text))?.info.kind == "console log with ftrace dump"
    #expect(!isTrace)
  }

  @Test func headerRolledOut() throws {
    let lines = (1...4).map { "[  707.310564] " + Self.event($0 & 1, $0) }
    #expect(try Reading(lines[..<2].joined() + "[ 7.100000] x\n").records.count == 2)
    let reading = try Reading("[  707.310564]  pfn=\n" + lines.joined() + "[ 7.1] " + Self.closing)
    #expect(reading.records.count == 4 && reading.losses.rows.isEmpty)
  }

  @Test func linesBetweenAreNoDamage() throws {
    let text =
      "[ 1.000000] Linux version 6.1.192-pglab (gcc)\nrandom words: 5\n" + Self.header
      + Self.event(0, 1) + "[ 2.000000] usb 1-1: new device\n#!/bin/sh\n => frame+0x1/0x2\n"
      + Self.event(0, 2) + Self.closing + "[ 3.000000] Kernel Offset: disabled\n"
    let reading = try Reading(text)
    #expect(reading.records.count == 2 && reading.losses.rows.isEmpty)
    #expect(reading.info.kernel == "6.1.192-pglab")
  }

  @Test func longLogBeforeTheDump() throws {
    let boot = String(repeating: "[    0.500000] something boots: in many lines\n", count: 60_000)
    let reading = try Reading(boot + Self.dump("[    9.500000] "))
    #expect(reading.records.count == 2)
    #expect(reading.losses.rows.map(\.detail) == ["line 60004"])
    let plain = try Reading(boot)
    #expect(plain.info.kind == "console log" && plain.info.logLines == 60_000)
  }

  @Test func severalDumps() throws {
    let text = Self.dump("[ 1.000000] ") + "[ 2.000000] x\n" + Self.dump("[ 3.000000] ")
    let reading = try Reading(text)
    #expect(reading.records.count == 4)
    #expect(reading.loss(.lostUnknown) == 1 && reading.loss(.timeBackwards) == 0)
    #expect(reading.events.filter { $0.kind == .gapCloses }.count == 3)
  }

  @Test func instance() throws {
    let text =
      Self.dump("[ 1.000000] ")
      + Self.dump("[ 1.000000] ").replacing("ftrace buffer", with: "ftrace instance foo buffer")
    let reading = try Reading(text)
    #expect(reading.records.count == 4 && reading.loss(.lostUnknown) == 0)
  }

  @Test func dumpWithoutEnd() throws {
    let reading = try Reading("[ 1.000000] " + Self.header)
    #expect(reading.events.isEmpty && reading.loss(.truncated) == 1)
  }

  @Test func droppedMessagesDarkenAllCPUs() throws {
    let text =
      "** 9 printk messages dropped **\n" + Self.header + Self.event(0, 1) + Self.event(1, 2)
      + "** 12 printk messages dropped **\n" + Self.event(0, 3) + Self.event(1, 4) + Self.closing
      + "** 9 printk messages dropped **\n"
    let reading = try Reading(text)
    #expect(reading.loss(.lostUnknown) == 12 && reading.losses.rows.count == 1)
    #expect(reading.events.filter { $0.kind == .gapOpens }.map(\.cpu) == [0, 1])
  }

  /// Cuts of an event's line: all but the shortest, which could be any text, are damaged events.
  @Test func cutLines() throws {
    let whole = "[  707.310564] " + Self.event(1, 5).dropLast()
    let start = whole.firstIndex(of: ".").map { whole.index(after: $0) }
    let flags = try #require(whole[(start ?? whole.startIndex)...].firstIndex(of: "."))
    let shortest = whole.distance(from: whole.startIndex, to: flags) + 1
    for count in shortest..<whole.count {
      let text =
        Self.header + Self.event(1, 4) + String(whole.prefix(count)) + "\n" + Self.event(1, 6)
        + Self.closing
      let reading = try Reading(text)
      #expect(reading.records.count == 2, "\(count)")
      #expect(reading.losses.rows == [Loss(code: .malformedEvent, count: 1, detail: "line 4")])
      #expect(reading.events.map(\.kind) == [.pageFree, .gapOpens, .gapCloses, .pageFree])
    }
  }

  @Test func gluedLines() throws {
    let stamp = "<0>[  707.310564] "
    let whole = stamp + Self.event(0, 1).dropLast()
    let text =
      Self.header + whole + stamp + Self.event(1, 2) + whole.dropLast(9) + stamp + Self.event(1, 3)
      + "<0>[  942.627119:<0>[  942.978819] " + Self.closing
    let reading = try Reading(text)
    #expect(reading.records.map(\.time) == [1000, 2000, 3000])
    #expect(reading.losses.rows == [Loss(code: .malformedEvent, count: 1, detail: "line 4")])
  }

  @Test func manyEventsOnOneLine() throws {
    let piece = "[  707.310564] " + Self.event(0, 1).dropLast()
    let text = Self.header + String(repeating: String(piece), count: 600) + "\n" + Self.closing
    let reading = try Reading(text)
    #expect(reading.records.count == 600 && reading.losses.rows.isEmpty)
  }

  @Test func damage() {
    let original = Array(Self.dressings.map { Self.dump($0) }.joined().utf8)
    for count in stride(from: 0, to: original.count, by: 7) {
      _ = Reading(parsing: Array(original[..<count]), as: .console, detail: .fields)
    }
    var random = Steps(state: 0xc0de)
    for _ in 0..<500 {
      var bytes = original
      for _ in 0..<(1 + Int(random.next() % 40)) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      let detail: ReadDetail = random.next() & 1 == 0 ? .replay : .fields
      _ = Reading(parsing: bytes, as: .console, detail: detail)
    }
  }

  @Test(.needs(shared: "captures/console/panic-ftrace-dump.log")) func panicLog() throws {
    let path = try #require(Repository.shared("captures/console/panic-ftrace-dump.log"))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let reading = try Reading(path: path)
    let lines = text.components(separatedBy: "us : ").count - 1
    #expect(reading.info.eventsRead == UInt64(lines))
    for name in ["page_ref_mod", "mm_page_alloc", "hva_to_pfn_ret", "kvm_userspace_exit"] {
      #expect(reading.count(name) == UInt64(text.components(separatedBy: ": \(name): ").count - 1))
    }
    #expect(reading.losses.rows.map(\.code) == [.lostEvents])
    #expect(reading.records.contains { $0.kind == .kvmUserspaceExit && $0.result == -14 })
  }

  @Test(
    .needs(shared: "samples"),
    arguments: [
      ("console-dump/syzkaller__report_350.log", 35), ("console-dump/syzkaller__report_435.log", 0),
      ("mail-embedded-dump/cachefiles_oops_dump.txt", 50),
      ("mail-embedded-dump/s390x_ftrace_dump_qemu.txt", 87),
    ])
  func samples(_ file: String, _ events: UInt64) throws {
    let path = try #require(Repository.shared("samples/" + file))
    let reading = try Reading(path: path)
    #expect(reading.info.kind == "console log with ftrace dump")
    #expect(reading.info.eventsRead == events)
  }

  @Test(.needs(shared: "samples"), arguments: ["console-nodump", "console-pagestate"])
  func logsWithoutDump(_ folder: String) throws {
    let path = try #require(Repository.shared("samples/" + folder))
    for file in try FileManager.default.contentsOfDirectory(atPath: path) {
      let reading = try Reading(path: path + "/" + file)
      #expect(reading.info.kind == "console log" && reading.records.isEmpty, "\(file)")
      #expect(reading.complaints.isEmpty == (folder == "console-nodump"), "\(file)")
    }
  }
}
