import LedgerCapture
import LedgerCore
import Testing

/// What the parts of a perf sample say about each other, and about the sample before.
struct PerfWitnessTests {
  struct Sample: Sendable {
    var time: UInt64
    var cpu: UInt32 = 0
    var pid: Int32 = 77
    var context: UInt8 = 0
    var tid: UInt32 = 78
    var id: UInt64 = 100
    var reserved: UInt32 = 0
  }

  private static let hard: UInt8 = 0x08
  private static let soft: UInt8 = 0x10
  private static let nmi: UInt8 = 0x48

  /// The losses of these samples, read the short way and with call chains.
  private func losses(
    _ samples: [Sample], big: Bool = false, _ change: (inout PerfDataBuilder) -> Void = { _ in }
  ) throws -> [LossCode] {
    let readings = try [PerfDataBuilder.usual, PerfDataBuilder.usual | 1 << 5].map { type in
      var builder = PerfDataBuilder()
      builder.big = big
      builder.sampleType = type
      builder.isInherited = true
      change(&builder)
      for sample in samples {
        builder.body += builder.sample(
          pfn: 1, time: sample.time, cpu: sample.cpu, id: sample.id, tid: sample.tid,
          pid: sample.pid, context: sample.context, reserved: sample.reserved)
      }
      builder.body += builder.round
      return try read(builder.data).losses.map(\.code)
    }
    #expect(readings[0] == readings[1])
    return readings[0]
  }

  @Test(
    "samples of one CPU stand in the order of their times, but for what interrupts wrote in between",
    arguments: [
      ([Sample(time: 1000), Sample(time: 900)], false),
      ([Sample(time: 1000), Sample(time: 500, cpu: 1, id: 101), Sample(time: 900)], false),
      ([Sample(time: 1000), Sample(time: 500, cpu: 1, id: 101), Sample(time: 1000)], true),
      ([Sample(time: 1000, context: hard), Sample(time: 900), Sample(time: 1000)], true),
      ([Sample(time: 1000, context: hard), Sample(time: 900), Sample(time: 950)], false),
      ([Sample(time: 1000, context: hard), Sample(time: 900, context: hard)], false),
      ([Sample(time: 1000, pid: 5, context: hard), Sample(time: 900)], false),
      ([Sample(time: 20_000_000, context: hard), Sample(time: 9_000_000)], false),
      (
        [
          Sample(time: 1000, context: nmi), Sample(time: 900, context: hard),
          Sample(time: 800, context: soft), Sample(time: 700),
        ], true
      ),
    ])
  func order(_ samples: [Sample], isSound: Bool) throws {
    #expect(try losses(samples) == (isSound ? [] : [.timeBackwards]))
    #expect(try losses(samples, big: true) == (isSound ? [] : [.timeBackwards]))
    #expect(try losses(samples) { $0.isBackward = true } == [])
  }

  @Test("a clock whose rate is set may step back a little")
  func steps() throws {
    let near = [Sample(time: 100_000), Sample(time: 90_000)]
    #expect(try losses(near) { $0.clock = 1 } == [])
    #expect(try losses(near) == [.timeBackwards])
    let far = [Sample(time: 100_000), Sample(time: 89_999)]
    #expect(try losses(far) { $0.clock = 1 } == [.timeBackwards])
  }

  @Test("ring buffers of tasks are in order for each task on a CPU", arguments: [true, false])
  func tasks(isInherited: Bool) throws {
    let apart = [Sample(time: 1000), Sample(time: 500, pid: 9), Sample(time: 900)]
    let codes = try losses(apart) { $0.isInherited = isInherited }
    #expect(codes == (isInherited ? [.timeBackwards] : []))
    let together = [Sample(time: 1000), Sample(time: 900)]
    #expect(try losses(together) { $0.isInherited = isInherited } == [.timeBackwards])
  }

  @Test("a sample's task is that of its record, but in another pid namespace")
  func namespaces() throws {
    let healthy = (1...3).map { Sample(time: $0, tid: 77) }
    #expect(try losses(healthy) == [])
    #expect(try losses(healthy + [Sample(time: 4, tid: 76)]) == [.malformedEvent])
    #expect(try losses(healthy + [Sample(time: 4, pid: 76, tid: 77)]) == [.malformedEvent])
    #expect(try losses(healthy + [Sample(time: 4, tid: .max)]) == [], "a task that ended")
    #expect(try losses((1...3).map { Sample(time: $0, tid: 5) }) == [])
  }

  @Test("an event's number is of one CPU where ring buffers are")
  func numbers() throws {
    let samples = [Sample(time: 1), Sample(time: 2, cpu: 1, id: 101), Sample(time: 3, cpu: 1)]
    #expect(try losses(Array(samples.prefix(2))) == [])
    #expect(try losses(samples) == [.malformedEvent])
    #expect(try losses(samples) { $0.isInherited = false } == [])
  }

  @Test("a CPU is one of the machine's, and nothing stands behind it")
  func cpus() throws {
    let last = Sample(time: 1, cpu: 7)
    #expect(try losses([last]) { $0.present = 8 } == [])
    #expect(try losses([last]) { $0.present = 7 } == [.malformedEvent])
    #expect(try losses([Sample(time: 1, reserved: 1)]) == [.malformedEvent])
  }
}
