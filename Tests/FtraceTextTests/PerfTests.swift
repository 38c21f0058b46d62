import CommandTestSupport
import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

@Suite struct PerfTests {
  static let free = "kmem:mm_page_free: page=0x10 pfn=0x10 order=3"

  @Test(arguments: [
    LineCase("default", "            perf    81 [001]     4.749555:     \(free)") {
      $0.time == 4_749_555_000 && $0.cpu == 1 && $0.pid == 81 && $0.pfn == 16 && $0.order == 3
    },
    LineCase("unpadded", "perf 81 [001] 4.749555: \(free)") { $0.pid == 81 && $0.cpu == 1 },
    LineCase("process and thread", "java worker 7 12/34 [002] 4.749555: \(free)") {
      $0.pid == 34 && $0.cpu == 2
    },
    LineCase("period", "perf 81 [001] 4.749555:          1 \(free)") { $0.order == 3 },
    LineCase("nanoseconds", "perf 81 [001] 4.749555123: \(free)") { $0.time == 4_749_555_123 },
    LineCase("no CPU", "perf 81 4.749555: \(free)") { $0.pid == 81 && $0.cpu == 0 },
    LineCase("no comm", "   81 [001]     4.749555: \(free)") { $0.pid == 81 && $0.cpu == 1 },
    LineCase("latency", "perf-exe    84   0     4.751001:     \(free)") {
      $0.pid == 84 && $0.cpu == 0
    },
    LineCase("latency, a number in the comm", "worker 7 12345 123     4.7:     \(free)") {
      $0.pid == 12345 && $0.cpu == 123
    },
    LineCase("latency, no comm", "   84   1     4.751001:     \(free)") {
      $0.pid == 84 && $0.cpu == 1
    },
    LineCase("no CPU, a number in the comm", "      worker 123    84 4.751001: \(free)") {
      $0.pid == 84 && $0.cpu == 0
    },
    LineCase("no thread", "[001]     4.749555: \(free)") { $0.pid == -1 && $0.cpu == 1 },
    LineCase("only time", "     4.749555: \(free)") { $0.pid == -1 && $0.time == 4_749_555_000 },
    LineCase("no time", "perf 81/82 [001] \(free)") { $0.pid == 82 && $0.cpu == 1 },
    LineCase("no time, a count", "perf 82 [001] 1 \(free)") { $0.pid == 82 && $0.cpu == 1 },
    LineCase("no time, no CPU", "a b 82     \(free)") { $0.pid == 82 && $0.order == 3 },
    LineCase("no time, a number", "     82  \(free)") { $0.pid == 82 },
    LineCase("no time, a number and a count", "     82     1 \(free)") { $0.pid == 82 },
    LineCase("only the event", "        \(free)") { $0.pid == -1 && $0.order == 3 },
    LineCase("no thread, a comm like one", "ld-linux-x86-64 [001] 4.7: \(free)") {
      $0.pid == -1 && $0.cpu == 1
    },
    LineCase("flags", "perf 81 [001] d.h1. 4.749555: \(free)") { $0.pid == 81 && $0.cpu == 1 },
    LineCase("comm with colons", "kworker/0:1-eve 81 [001] 4.749555: \(free)") { $0.pid == 81 },
    LineCase("no comm known", ":81 81 [1234] 4.749555: \(free)") { $0.cpu == 1234 },
    LineCase("tabs", "perf\t81/81\t[001] 4.749555:\t\t1 \(free)") { $0.pid == 81 },
    LineCase("carriage return", "perf 81 [001] 4.749555: \(free)\r") { $0.order == 3 },
    LineCase("address behind", "perf 81 [001] 4.749555: \(free)  ffffffff81 f+0x1 (k)") {
      $0.order == 3
    },
    LineCase("byte order mark", "\u{feff}perf 81 [001] 4.7: \(free)") {
      $0.time == 4_700_000_000
    },
    LineCase(
      "page_ref",
      "p 8 [001] 4.7: page_ref:page_ref_mod_unless: pfn=0x17 flags=0x20014 count=3 mapcount=1 "
        + "mapping=(nil) mt=1 val=1 ret=1"
    ) { $0.kind == .pageRefModUnless && $0.count == 3 && $0.result == 1 },
    LineCase("exit", "q 8 [001] 4.7: kvm:kvm_userspace_exit: reason KVM_EXIT_UNKNOWN (0)") {
      $0.kind == .kvmUserspaceExit && $0.gaps.contains(.exitErrno)
    },
    LineCase("probe", "q 8 [001] 4.7: pl:hva_to_pfn: (ffffffffbd831b50) addr=0x7f0d74402000") {
      $0.kind == .hvaToPfn && $0.word == 0x7f0d_7440_2000
    },
    LineCase(
      "return probe",
      "q 8 [001] 4.7: probe:hva_to_pfn__return: (ffffffffbd83 <- ffffffffbd87) arg1=0x7ff0000000000000"
    ) { $0.kind == .hvaToPfnReturn && $0.pfn == Event.noFrame },
  ])
  func line(_ row: LineCase) throws {
    let reading = try Reading(row.line + "\n")
    #expect(reading.info.kind == "perf script text")
    let event = try #require(reading.records.first)
    #expect(reading.records.count == 1 && row.expect(event), "\(event)")
    #expect(reading.losses.rows.allSatisfy { $0.code == .missingColumns })
    let lacks = ["no CPU", "no thread", "only time", "no time", "only the event"]
    #expect(reading.losses.rows.isEmpty != lacks.contains { row.name.hasPrefix($0) })
  }

  static let line = "sh 79 [001] 4.749555: \(free)\n"

  @Test(arguments: [
    "java 19983 widgets:\nffff native\n", "  0.010 ( 0.004 ms): sh/79 read(fd: 3) = 1\n",
    "# ========\n# hostname : x\n# ========\n", "note 5 of 4.7: see above\n x\n",
  ])
  func otherTextsAreRefused(_ text: String) {
    let isPerf = (try? Reading(text))?.info.kind == "perf script text"
    #expect(!isPerf || text.hasPrefix("note"))
  }

  @Test func genericEventsNeedNoTime() throws {
    let reading = try Reading("java 19983 cycles: \nffffffff8103d0ca native ([kernel.kallsyms])\n")
    #expect(reading.info.kind == "perf script text" && reading.info.eventsRead == 1)
    #expect(reading.losses.rows.contains { $0.code == .missingColumns })
  }

  private static func times(_ times: [String]) throws -> Reading {
    try Reading(times.map { "perf 81 [000] \($0): \(free)\n\tffff f (k)\n\n" }.joined())
  }

  @Test func timesThatAreDifferences() throws {
    let reading = try Self.times(["0.000000", "0.000690", "0.000755", "0.000096", "1.5"])
    #expect(reading.losses.rows.isEmpty)
    #expect(reading.records.map { $0.time / 1000 } == [0, 690, 1445, 1541, 1_501_541])
  }

  /// `--reltime` starts at 0 too, and a few of its times may run backwards.
  @Test func timesSinceTheFirst() throws {
    var steps = (0..<40).map { "0.0000\($0 + 10)" }
    steps[0] = "0.000000"
    steps.swapAt(7, 8)
    let reading = try Self.times(steps)
    #expect(reading.info.end == 49_000 && reading.loss(.timeBackwards) == 1)
  }

  /// From a slow pipe the first lines may come alone.
  @Test func differencesFromAPipe() throws {
    var parser = TextParser(
      info: CaptureInfo(path: "-", kind: TextDialect.perf.kind), dialect: .perf, detail: .replay)
    var times: [UInt64] = []
    for time in ["0.000000", "0.000005", "0.000007", "0.000003", "0.000001", "0.000009"] {
      var batch = EventBatch()
      let line = Array("perf 81 [000] \(time): \(Self.free)\n".utf8)
      let block = line + Array(repeating: 0, count: TextBlocks.padding)
      block.withRawSpan { _ = parser.parse($0, from: 0, to: line.count, into: &batch) }
      times += batch.events.map { $0.time / 1000 }
    }
    parser.finish()
    #expect(times == [0, 5, 7, 15, 16, 25] && parser.losses.rows.isEmpty)
  }

  @Test func bodiesLeftOut() throws {
    let line = "perf 81 [001] 4.7: kmem:mm_page_free: \n"
    let reading = try Reading(line + line)
    #expect(reading.losses.rows.map(\.code) == [.bodyNotPrinted] && reading.info.eventsRead == 2)
  }

  @Test(
    .needs(shared: "captures/encodings-6.1/perf-file.data"), .needs(commands: "perf"),
    arguments: ["--deltatime", "--reltime", "-L"])
  func otherClocksAndColumns(_ option: String) throws {
    let data = try #require(Repository.shared("captures/encodings-6.1/perf-file.data"))
    guard let text = output(of: ["perf", "script", "--ns", "-i", data, option]), !text.isEmpty,
      let whole = output(of: ["perf", "script", "--ns", "-i", data])
    else { return print("skipped: this perf does not know \(option)") }
    let (a, b) = (try Reading(text), try Reading(whole))
    #expect(a.losses.rows.isEmpty && a.info.eventsRead == b.info.eventsRead)
    let offset = option == "-L" ? 0 : b.info.start
    #expect(a.records.map { $0.time &+ offset } == b.records.map(\.time))
    #expect(a.records.map(\.cpu) == b.records.map(\.cpu))
    #expect(a.records.map(\.pid) == b.records.map(\.pid))
  }

  @Test func callChains() throws {
    let chain = "\tffffffffbdad2643 __page_ref_set+0x43 ([kernel.kallsyms])\n   7f12 a: b (c)\n\n"
    let header =
      "# ========\n# hostname : h\n# os release : 6.1.192-pglab\n"
      + "# clockid: CLOCK_MONOTONIC (1)\n" + String(repeating: "# event : x\n", count: 400)
    let reading = try Reading(header + Self.line + chain + Self.line + chain)
    #expect(reading.records.count == 2 && reading.losses.rows.isEmpty)
    #expect(reading.info.kernel == "6.1.192-pglab" && reading.info.clock == "mono")
  }

  @Test func names() throws {
    let text = Self.line + "sh 79 4.8: cycles:u: \nsh 79 4.9: sched:sched_switch: prev_comm=sh\n"
    let reading = try Reading(text, detail: .fields)
    #expect(reading.info.events.map(\.system) == ["kmem", "", "sched"])
    #expect(reading.info.events.map(\.name) == ["mm_page_free", "cycles:u", "sched_switch"])
    #expect(reading.details.map(\.name) == ["mm_page_free", "cycles:u", "sched_switch"])
    #expect(reading.details[2].system == "sched" && reading.details[2].body == "prev_comm=sh")
    #expect(reading.info.comms == [79: "sh"])
  }

  @Test func losses() throws {
    let cut = String(Self.line.dropLast(9))
    let text =
      Self.line + "sh 79 [001] 4.8: PERF_RECORD_LOST lost 5\n" + Self.line + cut + "\n"
      + Self.line + "sh 79 [001] 4.9: PERF_RECORD_COMM: sh:79/79\n" + cut
    let reading = try Reading(text)
    #expect(reading.loss(.lostEvents) == 5 && reading.loss(.malformedEvent) == 1)
    #expect(reading.loss(.truncated) == 1)
    #expect(reading.events.filter { $0.kind == .gapOpens }.count == 2)
  }

  @Test func damage() {
    let original = Array((Self.line + "\tffff f (k)\n\n" + Self.line).utf8)
    for count in 0...original.count {
      _ = Reading(parsing: Array(original[..<count]), as: .perf, detail: .fields)
    }
    var random = Steps(state: 0xbeef)
    for _ in 0..<5000 {
      var bytes = original
      for _ in 0..<(1 + Int(random.next() % 9)) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      _ = Reading(parsing: bytes, as: .perf, detail: random.next() & 1 == 0 ? .replay : .fields)
    }
  }

  @Test(.needs(shared: "captures/encodings-6.1"), .needs(commands: "gzip"))
  func recordedText() throws {
    let path = try #require(Repository.shared("captures/encodings-6.1/perf-script.txt"))
    let packed = try #require(
      Repository.shared("captures/encodings-6.1/perf-script-callchain.txt.gz"))
    let chains = try #require(output(of: ["gzip", "-dc", packed]))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let plain = try Reading(path: path)
    #expect(plain.info.eventsRead == UInt64(text.split(separator: "\n").count))
    let chained = try Reading(chains)
    let heads = chains.split(separator: 10).count { $0.first != 9 }
    #expect(chained.info.eventsRead == UInt64(heads))
    for reading in [plain, chained] {
      let refused = reading.records.filter { $0.kind == .pageRefModUnless && $0.result == 0 }
      #expect(refused.count >= 511 && reading.losses.rows.isEmpty && reading.info.cpus == 2)
      #expect(reading.records.contains { $0.kind == .hvaToPfnReturn && $0.pfn == Event.noFrame })
    }
  }

  /// What `-F` leaves out must not change what the events say.
  @Test(
    .needs(shared: "captures/encodings-6.1/perf-file.data"), .needs(commands: "perf"),
    arguments: [
      "comm,tid,time,event,trace", "comm,pid,tid,cpu,time,event,trace", "tid,cpu,time,event,trace",
      "cpu,time,event,trace", "time,event,trace", "comm,tid,cpu,time,period,event,trace",
      "comm,tid,cpu,time,event,trace,ip,sym", "event,trace", "cpu,event,trace", "comm,event,trace",
      "tid,event,trace", "comm,pid,tid,cpu,event,trace", "comm,cpu,time,event,trace",
      "comm,tid,cpu,period,event,trace",
    ])
  func selectedFields(_ fields: String) throws {
    let data = try #require(Repository.shared("captures/encodings-6.1/perf-file.data"))
    guard let text = output(of: ["perf", "script", "--ns", "-i", data, "-F", fields]),
      !text.isEmpty,
      let whole = output(of: ["perf", "script", "--ns", "-i", data])
    else { return print("skipped: this perf does not know -F \(fields)") }
    let (a, b) = (try Reading(text), try Reading(whole))
    #expect(a.info.kind == "perf script text" && a.records.count > 1000)
    let words = Set(fields.split(separator: ","))
    if words.contains("time") { #expect(a.records.map(\.time) == b.records.map(\.time)) }
    #expect(a.records.map(\.pfn) == b.records.map(\.pfn))
    if words.contains("cpu") { #expect(a.records.map(\.cpu) == b.records.map(\.cpu)) }
    let isWhole = words.isSuperset(of: ["cpu", "time"]) && !words.isDisjoint(with: ["tid", "pid"])
    #expect(a.losses.rows.map(\.code) == (isWhole ? [] : [.missingColumns]))
    #expect(isWhole || !a.info.clockOrdersCPUs)
    #expect(b.losses.rows.isEmpty)
  }

  @Test(
    .needs(shared: "samples/perf-script-text", "samples/MANIFEST.tsv"), .needs(commands: "gzip"))
  func samples() throws {
    let folder = try #require(Repository.shared("samples/perf-script-text"))
    let manifest = try #require(Repository.shared("samples/MANIFEST.tsv"))
    let rows = try String(contentsOfFile: manifest, encoding: .utf8).split(separator: "\n")
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = try #require(output(of: ["gzip", "-dcf", folder + "/" + file]))
      let reading = try? Reading(text)
      let row = rows.first { $0.contains("/" + file + "\t") }
      let count = row?.firstMatch(of: /perf=(\d+)/).flatMap { UInt64($0.1) } ?? 0
      #expect(reading == nil || reading?.info.kind == "perf script text", "\(file)")
      #expect(count == 0 || reading?.info.eventsRead == count, "\(file)")
    }
  }
}
