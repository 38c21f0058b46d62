import LedgerCore
import Testing

@testable import LedgerCapture

/// What a reader said.
struct Reading {
  var events: [Event] = []
  var details: [EventDetail] = []
  var info: CaptureInfo
  var losses: [Loss]

  /// `time/cpu/pfn` of events and `time/cpu/gap` of marks, in order.
  var outline: [String] {
    events.map { "\($0.time)/\($0.cpu)/" + ($0.kind.isGap ? $0.kind.name : String($0.pfn)) }
  }
}

func read(_ bytes: [UInt8], detail: ReadDetail = .replay) throws -> Reading {
  try withFile(bytes) { path in
    let reader = try openCapture(path: path, detail: detail)
    var batch = EventBatch()
    var reading = Reading(info: reader.info, losses: [])
    while try reader.next(&batch) {
      reading.events += batch.events
      reading.details += batch.details
      #expect(batch.events.count <= EventBatch.capacity)
    }
    reading.info = reader.info
    reading.losses = reader.losses.rows
    return reading
  }
}

struct Form: CustomStringConvertible, Sendable {
  var version: Int
  var big: Bool
  var packing: TraceDatBuilder.Packing
  var description: String { "v\(version) \(big ? "big" : "little") endian, \(packing)" }

  static let all: [Form] = [
    Form(version: 6, big: false, packing: .none), Form(version: 6, big: true, packing: .none),
    Form(version: 7, big: false, packing: .none), Form(version: 7, big: true, packing: .none),
    Form(version: 7, big: false, packing: .zlib), Form(version: 7, big: true, packing: .zstd),
    Form(version: 7, big: false, packing: .zstd),
  ]

  func build(_ cpus: [(cpu: Int, pages: [SubBufferBuilder])]) -> [UInt8] {
    var file = TraceDatBuilder()
    file.big = big
    file.packing = packing
    file.cpus = cpus.map { cpu in
      (
        cpu.cpu,
        cpu.pages.map { page in
          var page = page
          #expect(page.big == big)
          page.size = 1024
          return page.bytes
        }
      )
    }
    return version == 6 ? file.version6 : file.version7
  }

  func page(_ time: UInt64, missed: UInt64? = nil) -> SubBufferBuilder {
    SubBufferBuilder(time: time, big: big, missed: missed)
  }
}

@Suite struct TraceDatTests {
  @Test(arguments: Form.all)
  func mergesCpusByTime(form: Form) throws {
    var a = form.page(100)
    a.free(pfn: 1)
    a.free(pfn: 2, delta: 100)
    var b = form.page(100)
    b.free(pfn: 3, longForm: true)
    b.free(pfn: 4, delta: 50)
    let reading = try read(form.build([(0, [a]), (3, [b])]))
    #expect(reading.outline == ["100/0/1", "100/3/3", "150/3/4", "200/0/2"])
    #expect(reading.events.map(\.ordinal) == [0, 1, 2, 3])
    #expect(reading.events.allSatisfy { $0.pid == 77 && $0.kind == .pageFree })
    #expect(reading.info.kind == "trace.dat v\(form.version)")
    #expect(reading.info.cpus == 4)
    #expect(reading.info.eventsRead == 4 && reading.info.start == 100 && reading.info.end == 200)
    #expect(reading.info.count(of: .pageFree) == 4)
    #expect(reading.info.listsEnabledEvents)
    #expect(reading.losses.isEmpty)
  }

  @Test(arguments: Form.all)
  func followsTimes(form: Form) throws {
    var page = form.page(1000)
    page.extend(1 << 30)
    page.free(pfn: 1)
    page.discard(delta: 5, size: 12)
    page.free(pfn: 2, delta: 1)
    page.stamp(1 << 40)
    page.free(pfn: 3, delta: 7)
    page.head(29, 0)
    let reading = try read(form.build([(0, [page])]))
    let expected: [UInt64] = [1_073_742_824, 1_073_742_830, 1_099_511_627_783]
    #expect(reading.events.map(\.time) == expected)
    #expect(reading.losses.isEmpty)
  }

  @Test(arguments: Form.all)
  func marksGapsOnBothSides(form: Form) throws {
    var a = form.page(100)
    a.free(pfn: 1)
    a.free(pfn: 2, delta: 100)
    var later = form.page(500, missed: 7)
    later.extend(1)
    later.free(pfn: 3)
    var b = form.page(120, missed: 0)
    b.free(pfn: 4)
    b.free(pfn: 5, delta: 180)
    let reading = try read(form.build([(0, [a, later]), (1, [b])]))
    #expect(
      reading.outline == [
        "100/1/gap opens", "100/0/1", "120/1/gap closes", "120/1/4", "200/0/2", "200/0/gap opens",
        "300/1/5", "501/0/gap closes", "501/0/3",
      ])
    #expect(reading.events[7].value == 7)
    #expect(Set(reading.losses.map(\.code)) == [.lostUnknown, .lostEvents])
    #expect(reading.losses.first { $0.code == .lostEvents }?.count == 7)
    #expect(reading.losses.first { $0.code == .lostEvents }?.cpu == 0)
  }

  @Test(arguments: Form.all)
  func stopsAtContradictions(form: Form) throws {
    var claims = form.page(100)
    claims.free(pfn: 1)
    claims.commit = 5000
    var overruns = form.page(200)
    overruns.free(pfn: 2)
    overruns.head(28, 1)
    var zero = form.page(300)
    zero.free(pfn: 3)
    zero.head(0, 1)
    zero.body.put(UInt32(0))
    var fine = form.page(400)
    fine.free(pfn: 4)
    let reading = try read(form.build([(2, [claims, overruns, zero, fine])]))
    #expect(reading.outline == ["400/2/gap opens", "400/2/gap closes", "400/2/4"])
    let code: LossCode = form.packing == .none ? .corruptSubBuffer : .corruptChunk
    #expect(reading.losses.map(\.code) == [code])
    #expect(reading.losses.first?.cpu == 2)
  }

  @Test func deliversTimesThatRunBackwards() throws {
    let form = Form.all[0]
    var a = form.page(300)
    a.free(pfn: 1)
    var b = form.page(100)
    b.free(pfn: 2)
    var c = form.page(200)
    c.free(pfn: 3)
    let reading = try read(form.build([(0, [a, b]), (1, [c])]))
    #expect(reading.outline == ["200/1/3", "300/0/1", "100/0/2"])
    #expect(reading.losses.map(\.code) == [.timeBackwards])
  }

  @Test func dropsImplausibleFrames() throws {
    var page = Form.all[0].page(1)
    page.free(pfn: 1 << 40)
    page.free(pfn: 6, order: 40)
    page.free(pfn: 7)
    let reading = try read(Form.all[0].build([(0, [page])]))
    #expect(reading.events.filter { !$0.kind.isGap }.map(\.pfn) == [7])
    #expect(reading.losses.map(\.code) == [.implausibleFrame])
    #expect(reading.losses[0].count == 2 && reading.info.eventsRead == 3)
  }

  @Test func givesWordsOfEveryEvent() throws {
    var page = Form.all[0].page(1)
    page.free(pfn: 0x1234, order: 3)
    let reading = try read(Form.all[0].build([(0, [page])]), detail: .fields)
    let detail = try #require(reading.details.first)
    #expect(detail.name == "mm_page_free" && detail.system == "kmem" && detail.comm == "task")
    #expect(detail.fields.map(\.name) == ["pfn", "order"])
    #expect(detail.fields.map(\.value) == [.hex(0x1234), .unsigned(3)])
  }

  @Test func readsInstancesAndEmptyVersions() throws {
    var file = TraceDatBuilder()
    var top = SubBufferBuilder(time: 10)
    top.free(pfn: 1)
    var inner = SubBufferBuilder(time: 5)
    inner.free(pfn: 2)
    file.cpus = [(0, [top.bytes]), (1, [top.bytes])]
    file.instance = [inner.bytes]
    file.emptyVersion = true
    try withFile(file.version6) { path in
      #expect(
        walk(path).map(\.reading?.outline) == [["10/0/1", "10/1/1"], ["5/0/2"]])
    }
    let listed = try read(file.version6, detail: .fields)
    #expect(listed.outline == ["5/0/2", "10/0/1", "10/1/1"])
  }

  /// Of an instance, trace-cmd 3.1.6 states the clock of the top buffer; TRACECLOCK holds the instance's.
  @Test(arguments: ["local", "global", "mono"])
  func theKernelTellsTheClockOfAnInstance(stated: String) throws {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    page.free(pfn: 1)
    file.cpus = [(0, [page.bytes]), (1, [page.bytes])]
    (file.bufferName, file.bufferClock) = ("foo", stated)
    #expect(try read(file.version7).info.clock == stated)
    file.options = [(4, Array("local global [mono] boot\n".utf8))]
    let reading = try read(file.version7)
    #expect(reading.info.clock == "mono")
    #expect(!reading.losses.contains { $0.code == .unorderedClock })
    file.bufferName = ""
    #expect(try read(file.version7).info.clock == stated)
  }

  @Test(arguments: [6, 7])
  func takesOptions(version: Int) throws {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    page.free(pfn: 1)
    file.cpus = [(0, [page.bytes])]
    let stats = "CPU: 0\nentries: 1\noverrun: 9\ncommit overrun: 0\ndropped events: 2\n"
    file.options = [
      (5, Array("Linux host 6.1.192-pglab x86_64\0".utf8)), (7, Array("1000\0".utf8)),
      (2, Array(stats.utf8)), (8, [1, 2, 3]), (99, [0]),
    ]
    let reading = try read(version == 6 ? file.version6 : file.version7)
    #expect(reading.info.kernel == "6.1.192-pglab")
    #expect(reading.events.map(\.time) == [1010])
    #expect(reading.losses.map(\.code) == [.unknownSection, .overrun])
    #expect(reading.losses[1].count == 11)
  }

  @Test func saysWhatStayedInTheKernel() throws {
    var file = TraceDatBuilder()
    file.options = [(2, Array("CPU: 1\nentries: 42\noverrun: 0\n".utf8))]
    let reading = try read(file.version7)
    #expect(reading.outline == ["0/1/gap opens"] && reading.info.eventsRead == 0)
    #expect(
      reading.losses == [
        Loss(code: .leftInKernel, count: 42, cpu: 1, detail: "all of the CPU's events")
      ])
  }

  /// Statistics that were taken while trace-cmd read count what it took in between as left and as read.
  @Test(arguments: [(2, 2, true), (3, 1, true), (1, 3, false), (4, 0, false), (2, 5, false)])
  func statisticsMayBeTakenWhileBuffersAreRead(entries: Int, read taken: Int, isWhole: Bool) throws
  {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    for pfn in 1...3 { page.free(pfn: UInt64(pfn)) }
    file.cpus = [(0, [page.bytes])]
    file.options = [(2, Array("CPU: 0\nentries: \(entries)\nread events: \(taken)\n".utf8))]
    let reading = try read(file.version7)
    #expect(reading.info.eventsRead == 3)
    #expect(reading.losses.map(\.code) == (isWhole ? [] : [.leftInKernel]))
  }

  /// The reader of one CPU had just come to its end, and that of the other was still to begin.
  @Test func statisticsOfACPUMayBeTakenAtItsEnd() throws {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    for pfn in 1...3 { page.free(pfn: UInt64(pfn)) }
    var later = SubBufferBuilder(time: 5)
    later.free(pfn: 9)
    file.cpus = [(0, [page.bytes]), (1, [later.bytes])]
    file.options = [
      (2, Array("CPU: 0\nentries: 2\nread events: 3\n".utf8)),
      (2, Array("CPU: 1\nentries: 1\nread events: 0\n".utf8)),
    ]
    #expect(try read(file.version7).losses.isEmpty)
  }

  @Test func comparesStatisticsWithTheFile() throws {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    page.free(pfn: 1)
    file.cpus = [(0, [page.bytes]), (1, [page.bytes])]
    file.options = [
      (2, Array("CPU: 0\nentries: 3\nread events: 2\n".utf8)),
      (2, Array("CPU: 1\nentries: 0\nread events: 1\n".utf8)),
    ]
    let reading = try read(file.version7)
    #expect(reading.outline == ["10/0/1", "10/0/gap opens", "10/1/1"])
    #expect(reading.losses.map(\.code) == [.leftInKernel])
    #expect(reading.losses[0].count == 4 && reading.losses[0].cpu == 0)
  }

  /// A CPU whose data ends where it begins is dark from the start.
  @Test func anEmptyExtentIsDarkFromTheStart() throws {
    var file = TraceDatBuilder()
    var page = SubBufferBuilder(time: 10)
    page.free(pfn: 1)
    file.cpus = [(0, [page.bytes]), (1, [[]])]
    file.options = [(2, Array("CPU: 1\nentries: 7\nread events: 0\n".utf8))]
    let reading = try read(file.version7)
    #expect(reading.outline == ["10/1/gap opens", "10/0/1"])
    #expect(reading.losses.map(\.detail) == ["all of the CPU's events"])
  }

  @Test(arguments: Form.all.filter { $0.version == 7 })
  func findsDataWithoutItsTable(form: Form) throws {
    var a = form.page(100)
    a.free(pfn: 1)
    var b = form.page(90)
    b.free(pfn: 2)
    let file = form.build([(0, [a]), (1, [b])])
    // The last section is the options with the table of CPUs.
    let reading = try read(Array(file.dropLast(20)))
    #expect(reading.outline == ["90/1/2", "100/0/1"])
    #expect(reading.losses.map(\.code) == [.truncated])
  }

  @Test func mergesManyCpusAndManyEvents() throws {
    for cpus in [1, 8, 9, 40] {
      var expected: [(UInt64, Int)] = []
      var seed: UInt64 = 1
      let built = (0..<cpus).map { cpu -> (cpu: Int, pages: [SubBufferBuilder]) in
        var time: UInt64 = 100
        let pages = (0..<20).map { _ in
          var page = SubBufferBuilder(time: time)
          for index in 0..<40 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1
            let delta = index == 0 ? 0 : UInt32(seed >> 62)
            time += UInt64(delta)
            page.free(pfn: UInt64(cpu), delta: delta)
            expected.append((time, cpu))
          }
          return page
        }
        return (cpu, pages)
      }
      expected.sort { $0 < $1 }
      let reading = try read(Form.all[4].build(built))
      #expect(reading.events.map { "\($0.time) \($0.cpu)" } == expected.map { "\($0.0) \($0.1)" })
    }
  }

  @Test func readerMayBeLeftEarly() throws {
    var pages: [SubBufferBuilder] = []
    for time in 0..<400 {
      var page = SubBufferBuilder(time: UInt64(time))
      for _ in 0..<40 { page.free(pfn: 1) }
      pages.append(page)
    }
    let bytes = Form.all[2].build([(0, pages), (1, pages)])
    for batches in 0..<4 {
      try withFile(bytes) { path in
        let reader = try openCapture(path: path, detail: .replay)
        var batch = EventBatch()
        for _ in 0..<batches { #expect(try reader.next(&batch)) }
      }
    }
  }
}
