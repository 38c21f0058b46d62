import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

/// perf.data files as few recorders write them.
@Suite struct PerfOddsTests {
  private func read(_ main: [UInt8], streams: [[UInt8]], detail: ReadDetail) throws -> Reading {
    func open(_ rest: ArraySlice<[UInt8]>, _ sources: [ByteSource]) throws -> Reading {
      guard let first = rest.first else {
        return try withFile(main) { path in
          let reader = try PerfDataReader(
            source: try ByteSource(path: path),
            streams: sources.map { PerfStream(source: $0, range: 0..<($0.size ?? 0)) },
            detail: detail)
          var batch = EventBatch()
          var reading = Reading(info: reader.info, losses: [])
          while try reader.next(&batch) {
            reading.events += batch.events
            reading.details += batch.details
          }
          reading.info = reader.info
          reading.losses = reader.losses.rows
          return reading
        }
      }
      return try withFile(first) { path in
        try open(rest.dropFirst(), sources + [try ByteSource(path: path)])
      }
    }
    return try open(streams[...], [])
  }

  /// `perf record --threads` gives each group of CPUs a file.
  @Test(arguments: [false, true], [0, 37])
  func mergesStreams(big: Bool, step: Int) throws {
    var builder = PerfDataBuilder()
    builder.big = big
    builder.body = builder.round
    let streams = (0..<3).map { cpu -> [UInt8] in
      let records = (0..<2000).flatMap { place -> [UInt8] in
        let time = UInt64(100 + 3 * place + cpu)
        let sample = builder.sample(pfn: time, time: time, cpu: UInt32(cpu))
        return place % 100 == 99 ? sample + builder.round : sample
      }
      return step == 0 ? records : builder.compressed(records, step: step)
    }
    for detail in [ReadDetail.replay, .fields] {
      let reading = try read(builder.data, streams: streams, detail: detail)
      #expect(reading.events.map(\.time) == Array(100..<6100))
      #expect(reading.losses.isEmpty && reading.info.eventsRead == 6000)
      #expect(reading.details.count == (detail == .fields ? 6000 : 0))
    }
  }

  /// A folder of perf and an archive of it, whatever the order of the files; an idle CPU's file is empty.
  @Test(arguments: [false, true])
  func readsFoldersOfStreams(isReversed: Bool) throws {
    var builder = PerfDataBuilder()
    builder.body = builder.round
    var files: [(path: String, bytes: [UInt8])] = [("p/perf.data/data", builder.data)]
    for cpu in 0..<12 {
      let records = (0..<50).flatMap { place -> [UInt8] in
        let time = UInt64(100 + 12 * place + cpu)
        return builder.sample(pfn: time, time: time, cpu: UInt32(cpu))
      }
      files.append(("p/perf.data/data.\(cpu)", cpu == 11 ? [] : records))
    }
    files.append(("p/other/data.3", Array(repeating: 1, count: 64)))
    let made = SnapshotBuilder(files: isReversed ? files.reversed() : files)
    func check(_ path: String) throws {
      let found = walk(path)
      #expect(found.count == 1)
      let reading = try #require(found.first?.reading, "\(found)")
      #expect(reading.events.count == 550 && reading.losses.isEmpty)
      #expect(reading.events.map(\.time) == reading.events.map(\.time).sorted())
    }
    try made.withFolder { folder in
      try check(folder)
      try check(folder + "/p/perf.data")
    }
    try withFile(made.tar) { path in
      try check(path)
      try check(path + "!p/perf.data")
    }
  }

  /// A fork may stand in the file before the name of its parent: what counts is when it was.
  @Test func namesChangeWithTime() throws {
    var builder = PerfDataBuilder()
    func name(_ text: String, at time: UInt64) -> [UInt8] {
      let head = builder.bytes {
        $0.put(UInt32(77))
        $0.put(UInt32(77))
      }
      var name = Array(text.utf8) + [0]
      while name.count % 8 != 0 { name.append(0) }
      return builder.record(3, head + name + builder.trailer(time: time, cpu: 0))
    }
    let fork = builder.bytes {
      for number in [78, 77, 78, 77] as [UInt32] { $0.put(number) }
      $0.put(UInt64(20))
    }
    // Samples are of task 77 by their own record, of 78 by perf's.
    builder.body =
      builder.record(7, fork + builder.trailer(time: 20, cpu: 0)) + name("late", at: 50)
      + builder.sample(pfn: 1, time: 5) + builder.sample(pfn: 2, time: 30) + name("early", at: 10)
      + builder.sample(pfn: 3, time: 60) + builder.round
    let reading = try LedgerCaptureTests.read(builder.data, detail: .fields)
    #expect(reading.details.map(\.comm) == ["", "early", "late"])
    #expect(reading.info.comms == [77: "late", 78: "early"])
  }

  /// The event's own data is not there: said, and no verdict rests on it.
  @Test func saysWhatHasNoData() throws {
    var builder = PerfDataBuilder()
    builder.sampleType = PerfDataBuilder.usual & ~0x400
    builder.body = builder.sample(pfn: 1, time: 5) + builder.sample(pfn: 2, time: 6)
    let reading = try LedgerCaptureTests.read(builder.data)
    #expect(reading.events.isEmpty && reading.info.eventsRead == 2)
    #expect(
      reading.losses == [Loss(code: .noRawData, count: 2, detail: "samples of mm_page_free")])
    #expect(LossCode.noRawData.severity == .dataLoss)
  }

  /// More CPUs than are merged one by one, in no order.
  @Test func ordersManyCPUs() throws {
    var builder = PerfDataBuilder()
    var dice = FuzzTests.Dice(state: 5)
    var expected: [(UInt64, UInt32)] = []
    for round in 0..<40 {
      let samples = (0..<50).map { _ in
        (time: UInt64(1000 * round + dice.below(900) + 1), cpu: UInt32(dice.below(64) * 50))
      }
      var times = Dictionary(grouping: samples, by: \.cpu).mapValues { $0.map(\.time).sorted() }
      for cpu in samples.map(\.cpu) {
        let time = times[cpu]?.removeFirst() ?? 0
        builder.body += builder.sample(pfn: 9, time: time, cpu: cpu)
        expected.append((time, cpu))
      }
      builder.body += builder.round
    }
    let reading = try LedgerCaptureTests.read(builder.data)
    #expect(reading.losses.isEmpty)
    let order = expected.sorted { $0 < $1 }.map { "\($0.0) \($0.1)" }
    #expect(reading.events.map { "\($0.time) \($0.cpu)" } == order)
  }

  @Test func countsStreamsBeyondItsLimit() throws {
    try withFile([]) { path in
      let folders = PerfFolders(path: "p")
      let source = try ByteSource(path: path)
      var taken = 0
      for number in 0..<4100 {
        let stream = try #require(PerfStreamName(path: "p/data.\(number)"))
        if try folders.take(stream, source, prefix: [], name: "", isLasting: true) { taken += 1 }
      }
      #expect(taken == 4096 && folders.missing(in: "p") == 4)
      #expect(try folders.streams(in: "p").count == 4096)
    }
    var builder = PerfDataBuilder()
    builder.body = builder.sample(pfn: 1, time: 10)
    try withFile(builder.data) { path in
      let reader = try PerfDataReader(
        source: ByteSource(path: path), missing: 4, detail: .replay)
      var batch = EventBatch()
      var kinds: [EventKind] = []
      while try reader.next(&batch) { kinds += batch.events.map(\.kind) }
      #expect(kinds == [.gapOpens, .pageFree])
      #expect(reader.losses.rows.map(\.code) == [.tooManyParts])
    }
  }
}
