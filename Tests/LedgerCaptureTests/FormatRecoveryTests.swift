import LedgerCore
import LedgerSymbols
import Testing

@testable import LedgerCapture

/// Formats from the order of the kernel's events and the looks of their records.
@Suite struct FormatRecoveryTests {
  static let pageRefs = [
    "page_ref_unfreeze", "page_ref_freeze", "page_ref_mod_unless", "page_ref_mod_and_return",
    "page_ref_mod_and_test", "page_ref_mod", "page_ref_set",
  ]

  /// A page_ref record.
  static func pageRef(
    _ id: UInt16, count: Int32, val: Int32, ret: Int32? = nil, pfn: UInt64 = 0x1000
  ) -> [UInt8] {
    var bytes = Bytes()
    bytes.put(id)
    bytes.put(UInt16(0))
    bytes.put(Int32(9))
    bytes.put(pfn)
    bytes.put(UInt64(0))
    bytes.put(count)
    bytes.put(Int32(0))
    bytes.put(UInt64(0))
    bytes.put(Int32(1))
    bytes.put(val)
    if let ret {
      bytes.put(ret)
      bytes.put(Int32(0))
    }
    return bytes.data
  }

  static func recover(
    _ records: [[UInt8]], names: [String] = pageRefs, place: Int = 700, calls: Int = 100,
    functions: [UInt64] = []
  ) -> [String] {
    var census = RecordCensus(functions: ProbedFunctions(hvaToPfn: functions))
    var look = RecordLook(bigEndian: false)
    for record in records {
      record.withRawSpan { look.fill($0, at: 0, count: record.count) }
      census.take(look)
    }
    let run = EventRun(names: names, place: place, systemCalls: calls, isModule: false)
    return FormatRecovery([run], census).formats().map {
      "\($0.id) \($0.name)" + ($0.ownFields.isEmpty ? " bare" : "")
    }
  }

  static let usual = [
    pageRef(659, count: 1, val: 1), pageRef(658, count: 2, val: 1),
    pageRef(657, count: 0, val: -1, ret: 1), pageRef(655, count: 0, val: 1, ret: 0),
  ]

  @Test func placesARun() {
    let found = Self.recover(Self.usual)
    #expect(
      found == [
        "655 page_ref_mod_unless", "657 page_ref_mod_and_test", "658 page_ref_mod",
        "659 page_ref_set",
      ])
  }

  @Test func namesWhatLiesInTheRun() {
    let found = Self.recover(
      Self.usual + [Self.plain(660)], names: Self.pageRefs + ["test_event"])
    #expect(found.last == "660 test_event bare")
  }

  private static func plain(_ id: UInt16) -> [UInt8] {
    var bytes = Bytes()
    bytes.put(id)
    bytes.data += Array(repeating: 1, count: 10)
    return bytes.data
  }

  @Test func doesNotGuess() {
    // One event alone could be at two places.
    #expect(Self.recover([Self.pageRef(659, count: 1, val: 1)]).isEmpty)
    // The kernel cannot have given so many ids before.
    #expect(Self.recover(Self.usual, place: 100, calls: 0).isEmpty)
    // Frames that no machine has.
    #expect(
      Self.recover(Self.usual.map { $0[..<8] + Array(repeating: 0xee, count: $0.count - 8) })
        .isEmpty)
    #expect(Self.recover([]).isEmpty)
  }

  @Test func probesAreKnownByTheirFunction() {
    var entry = Bytes()
    entry.data = Array(Self.plain(1500)[0..<8])
    entry.put(0xffff_ffff_8100_0004 as UInt64)
    entry.put(0x7f00_1000 as UInt64)
    var back = Bytes()
    back.data = Array(Self.plain(1501)[0..<8])
    back.put(0xffff_ffff_8100_0000 as UInt64)
    back.put(0xffff_ffff_8200_0000 as UInt64)
    back.put(0x7ff0_0000_0000_0000 as UInt64)
    let found = Self.recover(
      Self.usual + [entry.data, back.data], functions: [0xffff_ffff_8100_0000])
    #expect(found.suffix(2) == ["1500 hva_to_pfn", "1501 hva_to_pfn_ret"])
  }
}
