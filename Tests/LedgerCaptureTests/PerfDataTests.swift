import LedgerCore
import Testing

@testable import LedgerCapture

@Suite struct PerfDataTests {
  struct Shape: Sendable, CustomStringConvertible {
    var container: PerfDataBuilder.Container
    var big: Bool
    /// Bytes in a compressed record; 0: not compressed.
    var step = 0
    var second = false
    var description: String {
      "\(container) \(big ? "big" : "little") endian, compressed by \(step), \(second)"
    }

    static let all: [Shape] =
      PerfDataBuilder.Container.allCases.flatMap { container in
        [false, true].map { Shape(container: container, big: $0) }
      } + [
        Shape(container: .file, big: false, step: 37),
        Shape(container: .file, big: true, step: 500),
        Shape(container: .pipe, big: false, step: 61, second: true),
      ]

    var builder: PerfDataBuilder {
      var builder = PerfDataBuilder()
      builder.big = big
      builder.container = container
      return builder
    }

    func file(_ make: (PerfDataBuilder) -> [UInt8]) -> [UInt8] {
      var builder = builder
      let records = make(builder)
      builder.body =
        step == 0 ? records : builder.compressed(records, step: step, second: second)
      return builder.data
    }

    /// Two CPUs, a loss on CPU 1, a name.
    var file: [UInt8] {
      file {
        $0.comm(78, "freer") + $0.sample(pfn: 1, time: 10) + $0.sample(pfn: 2, time: 30)
          + $0.sample(pfn: 3, time: 20, cpu: 1, id: 101) + $0.round
          + $0.sample(pfn: 4, time: 40) + $0.lost(5, time: 41, cpu: 1)
          + $0.sample(pfn: 5, time: 50, cpu: 1, id: 101) + $0.sample(pfn: 6, time: 50)
          + $0.round + $0.sample(pfn: 0, time: 60, id: 200, type: 9)
      }
    }
  }

  @Test(arguments: Shape.all)
  func readsEveryForm(shape: Shape) throws {
    let reading = try read(shape.file)
    #expect(
      reading.outline == [
        "10/0/1", "20/1/3", "20/1/gap opens", "30/0/2", "40/0/4", "50/0/6", "50/1/gap closes",
        "50/1/5",
      ])
    #expect(reading.losses == [Loss(code: .lostEvents, count: 5, cpu: 1, detail: "at time 41")])
    let info = reading.info
    #expect(info.kernel == "6.1.0-test" && info.clock == "perf" && info.listsEnabledEvents)
    #expect(info.events.map(\.count) == [6, 1] && info.eventsRead == 7)
    #expect(info.events.map(\.name) == ["mm_page_free", "cycles"])
    #expect(info.start == 10 && info.end == 60 && info.comms[78] == "freer" && info.cpus == 2)
    #expect(reading.events[0].kind == .pageFree && reading.events[0].pid == 77)
  }

  @Test(arguments: Shape.all)
  func givesFields(shape: Shape) throws {
    let reading = try read(shape.file, detail: .fields)
    #expect(reading.details.count == reading.events.count && reading.events.count == 9)
    #expect(reading.details[0].fields.map(\.name) == ["pfn", "order"])
    #expect(reading.details[0].fields[0].value == .hex(1))
    #expect(reading.details[2].name == "gap opens")
    let last = reading.details[8]
    #expect(last.name == "cycles" && last.comm == "freer" && reading.events[8].pid == 78)
    #expect(last.fields[0].value == .hex(0xffff_0000))
  }

  /// Every part on its own and all together; counters alone and in groups.
  @Test(
    arguments: [
      (0x0, 0), (0x1_0000, 0), (0x4, 0), (0x80, 0), (0x40, 0), (0x8 | 0x200, 0), (0x20, 0),
      (0x10, 0), (0x10, 0x17), (0x10, 0x8), (0x10, 0x1f), (0x1_03ff, 0x1f), (0x3ff, 0x4),
    ] as [(UInt64, UInt64)], [false, true])
  func readsAnySampleType(parts: (UInt64, UInt64), big: Bool) throws {
    var builder = PerfDataBuilder()
    builder.big = big
    builder.sampleType = parts.0 | 0x400
    builder.readFormat = parts.1
    builder.body = builder.sample(pfn: 9, time: 5, cpu: 3, id: 101)
    let reading = try read(builder.data)
    let time = parts.0 & 4 != 0 ? 5 : 0
    let cpu = parts.0 & 0x80 != 0 ? 3 : 0
    #expect(reading.outline == ["\(time)/\(cpu)/9"] && reading.losses.isEmpty)
  }

  @Test(arguments: [64, 72, 96, 112, 128, 136, 144, 200])
  func readsAnySizeOfAttributes(size: Int) throws {
    for container in PerfDataBuilder.Container.allCases where size <= 144 || container != .legacy {
      var builder = PerfDataBuilder()
      builder.container = container
      builder.attributeSize = size
      builder.body = builder.sample(pfn: 9, time: 5)
      #expect(try read(builder.data).outline == ["5/0/9"])
    }
  }

  @Test(
    arguments: [
      (nil, "perf"), (0, "realtime"), (1, "mono"), (4, "mono_raw"), (7, "boot"), (11, "tai"),
    ] as [(Int32?, String)], [false, true])
  func namesTheClock(clock: (Int32?, String), big: Bool) throws {
    var builder = PerfDataBuilder()
    builder.big = big
    builder.clock = clock.0
    let info = try read(builder.data).info
    #expect(info.clock == clock.1 && info.clockOrdersCPUs == (clock.1 != "perf"))
  }

  @Test func countsWhatHasNoRawData() throws {
    var builder = PerfDataBuilder()
    builder.sampleType &= ~0x400
    builder.body = builder.sample(pfn: 1, time: 5) + builder.sample(pfn: 1, time: 6)
    let reading = try read(builder.data)
    #expect(reading.events.isEmpty && reading.info.events[0].count == 2)
    #expect(reading.info.events[0].kind == .other, "nobody could see its pages")
  }

  @Test func keepsTheOrderOfCPUsWithoutRounds() throws {
    var builder = PerfDataBuilder()
    for time in (1...400).reversed() {
      builder.body += builder.sample(pfn: UInt64(time), time: UInt64(time), cpu: UInt32(time % 3))
    }
    let times = try read(builder.data).events.map(\.time)
    #expect(times == Array(1...400))
  }

  /// A CPU that the recorder left out for a while, and one that it left out for too long.
  @Test(arguments: [(3, false), (20, true)])
  func waitsForCPUsThatComeLate(rounds: Int, isLate: Bool) throws {
    var builder = PerfDataBuilder()
    for round in 1...rounds {
      builder.body += builder.sample(pfn: 1, time: UInt64(10 * round), cpu: 1) + builder.round
    }
    builder.body += builder.sample(pfn: 2, time: 5) + builder.round
    let reading = try read(builder.data)
    #expect(reading.events.count == rounds + 1)
    #expect((reading.outline[0] != "5/0/2") == isLate)
    #expect(reading.losses.map(\.code) == (isLate ? [.timeBackwards] : []))
  }

  @Test func tellsLossesApart() throws {
    var builder = PerfDataBuilder()
    builder.body =
      builder.sample(pfn: 1, time: 10) + builder.lostSamples(4, time: 11, cpu: 0, misc: 1 << 15)
      + builder.lost(2, time: 12, cpu: 0) + builder.sample(pfn: 2, time: 20)
      + builder.lostSamples(2, time: 0, cpu: 0) + builder.lostSamples(3, time: 0, cpu: 1)
    let reading = try read(builder.data)
    #expect(reading.losses.map(\.code) == [.lostEvents, .lostEvents])
    #expect(reading.losses.map(\.cpu) == [0, 1] && reading.losses.map(\.count) == [2, 3])
    #expect(reading.outline.filter { $0.hasPrefix("20/0") } == ["20/0/gap closes", "20/0/2"])
  }

  /// One changed byte makes another record of a sample: it is missing, and nothing else says so.
  @Test(arguments: [1, 8, 11, 25, 73])
  func aSampleUnderAnotherTypeIsALoss(type: UInt8) throws {
    var builder = PerfDataBuilder()
    let odd = [type] + builder.sample(pfn: 2, time: 20).dropFirst()
    builder.body = builder.sample(pfn: 1, time: 10) + odd + builder.sample(pfn: 3, time: 30)
    let reading = try read(builder.data)
    #expect(reading.losses.map(\.code) == [.malformedEvent])
    #expect(reading.outline.contains { $0.contains("gap") })
  }

  @Test func readsAbortedFiles() throws {
    var builder = PerfDataBuilder()
    builder.aborted = true
    builder.hasTracing = false
    builder.body = builder.sample(pfn: 1, time: 10) + Array(repeating: 0, count: 100)
    let reading = try read(builder.data)
    #expect(reading.losses.map(\.code) == [.truncated])
    #expect(reading.info.events.map(\.name) == ["tracepoint 11", "cycles"])
    #expect(reading.info.events[0].count == 1 && !reading.info.listsEnabledEvents)
  }

  @Test func leavesWordsBehindTheRecords() throws {
    var builder = PerfDataBuilder()
    builder.container = .pipe
    builder.body = builder.sample(pfn: 1, time: 10)
    builder.body += Array("[ perf record: Captured and wrote 0.1 MB - ]\n".utf8)
    var reading = try read(builder.data)
    #expect(reading.outline == ["10/0/1"] && reading.losses.map(\.code) == [.malformedLine])
    builder.body = builder.record(200, [1, 2, 3, 4]) + builder.sample(pfn: 2, time: 3)
    reading = try read(builder.data)
    #expect(reading.outline == ["3/0/2"] && reading.losses.isEmpty)
  }

  @Test func refusesWhatContradictsItself() throws {
    var builder = PerfDataBuilder()
    builder.body =
      builder.sample(pfn: 1, time: 10) + builder.sample(pfn: 2, time: 11, type: 12)
      + builder.sample(pfn: 3, time: 12, id: 9) + builder.sample(pfn: 1 << 50, time: 13)
      + builder.sample(pfn: 4, time: 14) + builder.record(9, [1, 2, 3, 4, 5, 6, 7, 8])
    let reading = try read(builder.data)
    #expect(reading.losses.map(\.code) == [.malformedEvent, .unknownEvent, .implausibleFrame])
    #expect(reading.outline.filter { !$0.contains("gap") } == ["10/0/1", "14/0/4"])
  }

  @Test func samplingIsALoss() throws {
    var builder = PerfDataBuilder()
    builder.period = 100
    builder.body = builder.sample(pfn: 1, time: 10)
    let reading = try read(builder.data)
    #expect(reading.losses.map(\.code) == [.lostUnknown])
    #expect(reading.outline == ["10/0/gap opens", "10/0/gap closes", "10/0/1"])
  }
}

@Suite struct PerfDamageTests {
  @Test(arguments: PerfDataTests.Shape.all)
  func everyLengthIsSurvived(shape: PerfDataTests.Shape) throws {
    let bytes = shape.file
    let step = shape.container == .file && shape.step == 37 ? 1 : 13
    for length in stride(from: 1, to: bytes.count, by: step) {
      do {
        let reading = try read(Array(bytes[..<length]))
        let isWhole = reading.info.events.map(\.count) == [6, 1]
        #expect(!reading.losses.isEmpty && (isWhole || reading.losses.count > 0), "\(length)")
      } catch let error as CaptureError {
        #expect(!error.message.isEmpty)
      }
    }
  }

  @Test(arguments: PerfDataTests.Shape.all, [0xff as UInt8, 0x01, 0x80])
  func flippedBytesAreSurvived(shape: PerfDataTests.Shape, mask: UInt8) throws {
    let bytes = shape.file
    for place in stride(from: Int(mask % 7), to: bytes.count, by: 7) {
      var damaged = bytes
      damaged[place] ^= mask
      do {
        let reading = try read(damaged, detail: place % 2 == 0 ? .replay : .fields)
        #expect(reading.events.count < 1000)
      } catch let error as CaptureError {
        #expect(!error.message.isEmpty)
      }
    }
  }
}
