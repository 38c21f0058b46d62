import LedgerCore
import LedgerInput
import Testing

@testable import LedgerFormat

/// Records with lists, and arguments that only the kernel's version can name.
@Suite struct ListAndVersionTests {
  private static func scatter(_ name: String, _ fields: String) -> EventFormat? {
    makeFormat("dma", name, id: 21, fields)
  }

  private static func entries(_ record: Record, _ format: EventFormat) -> [Event]? {
    var decoder = RecordDecoder([format], functions: ProbeFunctions(), bigEndian: record.big)
    var event = Event()
    var found: [Event]?
    record.bytes.withRawSpan {
      guard
        decoder.decode($0, at: 0, count: $0.byteCount, format: 0, into: &event) == .decoded
      else { return }
      found = decoder.list($0, at: 0, count: $0.byteCount, format: 0, like: event)
    }
    return found
  }

  private static func record(big: Bool, addresses: [UInt64], lengths: [UInt32], cut: Int = 0)
    -> Record
  {
    var record = Record(big: big, id: 21)
    record.put(UInt32(addresses.count * 8) << 16 | 16)
    record.put(UInt32(lengths.count * 4) << 16 | UInt32(16 + addresses.count * 8))
    for address in addresses { record.put(address) }
    for length in lengths { record.put(length) }
    record.bytes.removeLast(cut)
    return record
  }

  private static let mapFields = """
    \tfield:__data_loc u64[] phys_addrs;\toffset:8;\tsize:4;\tsigned:0;
    \tfield:__data_loc unsigned int[] lengths;\toffset:12;\tsize:4;\tsigned:0;
    """

  @Test(arguments: [false, true])
  func readsEachEntry(big: Bool) throws {
    let format = try #require(Self.scatter("dma_map_sg", Self.mapFields))
    let record = Self.record(
      big: big, addresses: [0x5100_0000, 0x5300_0800], lengths: [0x1000, 0x2000])
    let found = try #require(Self.entries(record, format))
    #expect(found.map(\.pfn) == [0x51000, 0x53000])
    #expect(found.map(\.pointer) == [0x1000, 0x2000])
    #expect(found.allSatisfy { $0.kind == .dmaMapSg && $0.pid == 42 })
  }

  @Test func mergedEntriesCountForTheirFirstPage() throws {
    let format = try #require(Self.scatter("dma_map_sg", Self.mapFields))
    let record = Self.record(big: false, addresses: [0x1000, 0x2000], lengths: [0x2000])
    #expect(Self.entries(record, format)?.map(\.pointer) == [1, 1])
  }

  @Test func listBeyondItsRecordIsRefused() throws {
    let format = try #require(Self.scatter("dma_map_sg", Self.mapFields))
    let record = Self.record(big: false, addresses: [0x1000], lengths: [0x1000], cut: 1)
    #expect(Self.entries(record, format) == nil)
  }

  @Test func formatWithoutItsListMeansNothing() throws {
    let format = try #require(
      Self.scatter("dma_unmap_sg", "\tfield:int nents;\toffset:8;\tsize:4;\tsigned:1;"))
    let decoder = RecordDecoder([format], functions: ProbeFunctions(), bigEndian: false)
    #expect(decoder.incomplete == [0])
  }

  /// Function, release, values of arg1 to arg6, and what `word` must be; nil where nothing is known.
  @Test(arguments: [
    ("__get_user_pages", "5.4.286", 3 as UInt64?), ("__get_user_pages", "6.1.192-pglab", 2),
    ("__get_user_pages", "", nil), ("mprotect_fixup", "5.15.1", 3), ("mprotect_fixup", "6.1.0", 4),
    ("mprotect_fixup", "6.6.17", nil), ("mprotect_fixup", "", nil),
    ("move_page_tables", "6.12.1", 2), ("move_page_tables", "6.18.2", nil),
    ("follow_pte", "6.1.0", 2), ("follow_pte", "6.12.0", nil), ("remap_pfn_range", "", 2),
    ("unmap_page_range", "7.1.5", 3),
  ])
  func placesOfArgumentsFollowTheVersion(function: String, release: String, word: UInt64?) throws {
    let names = (1...6).map { index in
      "\tfield:u64 arg\(index);\toffset:\(8 + 8 * index);\tsize:8;\tsigned:0;"
    }
    let format = try #require(RecordDecoderTests.probe("p", names.joined(separator: "\n")))
    let functions = ProbeFunctions([.init(function: function, addresses: 0x1000..<0x1100)])
    var decoder = RecordDecoder(
      [format], functions: functions, bigEndian: false, release: release)
    var record = Record(big: false, id: 9)
    record.put(UInt64(0x1000))
    for value in 1...6 as ClosedRange<UInt64> { record.put(value << 12) }
    var event = Event()
    var outcome = RecordDecoder.Outcome.meaningless
    record.bytes.withRawSpan {
      outcome = decoder.decode($0, at: 0, count: $0.byteCount, format: 0, into: &event)
    }
    #expect((outcome == .decoded) == (word != nil))
    if let word { #expect(event.word == word << 12) }
  }
}
