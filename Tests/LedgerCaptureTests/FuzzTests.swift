import CommandTestSupport
import Foundation
import LedgerCore
import Testing

@testable import LedgerCapture

/// Files that are wrong in ways that their recorders never meant; bounded, and the same in each run.
///
/// `PAGELEDGER_FUZZ_SEED` starts elsewhere, `PAGELEDGER_FUZZ_ROUNDS` goes on for longer. What fails names the seed of its round.
@Suite struct FuzzTests {
  struct Dice {
    private var source: SplitMix

    init(state: UInt64) { source = SplitMix(state: state) }

    mutating func next() -> UInt64 { source.next() }

    mutating func below(_ limit: Int) -> Int { limit < 1 ? 0 : Int(next() % UInt64(limit)) }
  }

  static func number(_ name: String, _ other: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? other
  }

  static let seed = number("PAGELEDGER_FUZZ_SEED", 1)
  static let rounds = number("PAGELEDGER_FUZZ_ROUNDS", 60)

  /// Values at the edges of what fields can hold.
  static let edges: [UInt64] = [
    0, 1, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, .max,
    .max - 7,
  ]

  /// One to four changes: an edge value, a flipped bit, a span copied over another, cut out or put in twice.
  static func mutate(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = bytes
    for _ in 0...dice.below(4) where bytes.count > 32 {
      let place = dice.below(bytes.count - 16)
      let other = dice.below(bytes.count - 16)
      let length = 1 + dice.below(min(64, bytes.count - max(place, other)))
      switch dice.below(6) {
      case 0, 1:
        let value = edges[dice.below(edges.count)]
        for index in 0..<(1 << dice.below(4)) {
          bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
      case 2: bytes[place] ^= UInt8(1 << dice.below(8))
      case 3: bytes.replaceSubrange(place..<(place + length), with: bytes[other..<(other + length)])
      case 4: bytes.removeSubrange(place..<(place + length))
      default: bytes.insert(contentsOf: bytes[other..<(other + length)], at: place)
      }
    }
    return bytes
  }

  private func survive(_ whole: [UInt8], _ salt: Int) throws {
    for round in 0..<Self.rounds {
      let seed = Self.seed &+ round &* 1_000_003 &+ UInt64(salt) << 40
      var dice = Dice(state: seed)
      let bytes = Self.mutate(whole, &dice)
      do {
        let reading = try read(bytes, detail: dice.below(3) == 0 ? .fields : .replay)
        #expect(reading.events.count < 1 << 20, "seed \(seed)")
        #expect(reading.details.isEmpty || reading.details.count == reading.events.count)
      } catch let error as CaptureError {
        #expect(!error.message.isEmpty, "seed \(seed)")
      }
    }
  }

  @Test(arguments: Array(Form.all.enumerated().map { $0.offset }))
  func traceDat(form: Int) throws {
    var file = TraceDatBuilder()
    file.big = Form.all[form].big
    file.packing = Form.all[form].packing
    var page = Form.all[form].page(100, missed: 2)
    for pfn in 0..<20 { page.free(pfn: UInt64(pfn), delta: 1) }
    page.stamp(1 << 30)
    page.free(pfn: 3, longForm: true)
    file.cpus = [(0, [page.bytes, page.bytes]), (3, [page.bytes])]
    file.instance = [page.bytes]
    var clock = Bytes()
    clock.big = file.big
    for value in [7, 1] as [UInt32] { clock.put(value) }
    file.options = [
      (1, Array("0x1234\0".utf8)), (2, Array("CPU: 0\nentries: 5\nread events: 7\n".utf8)),
      (4, Array("local [global]\0".utf8)), (5, Array("Linux host 6.1 x86_64\0".utf8)),
      (7, Array("-5\0".utf8)), (12, OddsTests.shift(big: file.big)), (13, Array("guest\0".utf8)),
      (14, clock.data + [0, 0, 0, 0, 0, 0, 0, 0]), (77, [1, 2, 3]),
    ]
    try survive(Form.all[form].version == 6 ? file.version6 : file.version7, form)
  }

  @Test(arguments: Array(PerfDataTests.Shape.all.enumerated().map { $0.offset }))
  func perfData(shape: Int) throws {
    try survive(PerfDataTests.Shape.all[shape].file, 100 + shape)
  }

  @Test(
    arguments: [
      0x10486, 0x1_0487 | 0x10 | 0x20, 0x587 | 0x40 | 0x8 | 0x200 | 0x10, 0x402, 0x400,
    ] as [UInt64])
  func samplesOfEveryShape(type: UInt64) throws {
    var builder = PerfDataBuilder()
    builder.sampleType = type
    builder.readFormat = 0x1f
    builder.body =
      builder.sample(pfn: 1, time: 5) + builder.sample(pfn: 2, time: 6) + builder.round
      + builder.lostSamples(3, time: 7, cpu: 1) + builder.sample(pfn: 3, time: 8)
    try survive(builder.data, Int(type & 0xffff))
  }
}
