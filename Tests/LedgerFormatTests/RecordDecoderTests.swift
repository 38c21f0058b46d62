import LedgerCore
import LedgerInput
import Testing

@testable import LedgerFormat

/// Bytes of a record in either order.
struct Record {
  var bytes: [UInt8] = []
  var big = false

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: big ? value.bigEndian : value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  init(big: Bool, id: UInt16, pid: Int32 = 42, flags: UInt8 = 8) {
    self.big = big
    put(id)
    put(flags)
    put(UInt8(0))
    put(pid)
  }
}

func decode(
  _ record: Record, _ format: EventFormat, functions: ProbeFunctions = ProbeFunctions()
) -> (RecordDecoder.Outcome, Event) {
  var decoder = RecordDecoder([format], functions: functions, bigEndian: record.big)
  var event = Event()
  var outcome = RecordDecoder.Outcome.meaningless
  record.bytes.withRawSpan {
    outcome = decoder.decode($0, at: 0, count: $0.byteCount, format: 0, into: &event)
  }
  return (outcome, event)
}

@Suite struct RecordDecoderTests {
  static func pageRef(_ name: String, shift: Int = 0) -> EventFormat? {
    let fields: [(String, Int, Int, Int)] = [
      ("unsigned long pfn", 8, 8, 0), ("unsigned long flags", 16, 8, 0), ("int count", 24, 4, 1),
      ("int mapcount", 28, 4, 1), ("void * mapping", 32, 8, 0), ("int mt", 40, 4, 1),
      ("int val", 44, 4, 1), ("int ret", 48, 4, 1),
    ]
    let text = fields.map {
      "\tfield:\($0.0);\toffset:\($0.1 + shift);\tsize:\($0.2);\tsigned:\($0.3);"
    }
    return makeFormat("page_ref", name, id: 700, text.joined(separator: "\n"))
  }

  /// The constant layout, the same shifted by eight bytes, and both in the other byte order.
  @Test(arguments: [(false, 0), (false, 8), (true, 0), (true, 8)])
  func decodesPageRef(big: Bool, shift: Int) throws {
    let format = try #require(Self.pageRef("page_ref_mod_unless", shift: shift))
    var record = Record(big: big, id: 700)
    record.bytes += Array(repeating: 0xee, count: shift)
    record.put(UInt64(0x12af13))
    record.put(UInt64(0x2000_0000_0002_0014))
    record.put(Int32(-5))
    record.put(Int32(3))
    record.put(UInt64(0xffff_92e1_8050_4ba0))
    record.put(Int32(1))
    record.put(Int32(-1))
    record.put(Int32(1))
    let (outcome, event) = decode(record, format)
    #expect(outcome == .decoded)
    #expect(event.kind == .pageRefModUnless)
    #expect(event.pfn == 0x12af13 && event.word == 0x2000_0000_0002_0014)
    #expect(event.count == -5 && event.mapcount == 3 && event.pointer == 0xffff_92e1_8050_4ba0)
    #expect(event.order == 1 && event.value == -1 && event.result == 1)
    #expect(event.pid == 42 && event.context == 8)
    record.bytes.removeLast()
    #expect(decode(record, format).0 == .short)
  }

  /// A record under the number of an event without meaning may be another one's: its length says so, but for events whose format leaves
  /// it open.
  @Test(arguments: [
    ("sched", "int prio", 4, 12, RecordDecoder.Outcome.meaningless),
    ("sched", "int prio", 4, 16, .meaningless),
    ("sched", "int prio", 4, 20, .short), ("sched", "u64 a", 8, 12, .short),
    ("sched", "char comm[16]", 16, 24, .meaningless),
    ("sched", "char comm[16]", 16, 32, .short), ("ftrace", "int prio", 4, 20, .meaningless),
    ("synthetic", "int prio", 4, 20, .meaningless),
    ("sched", "__data_loc char[] name", 4, 40, .meaningless),
    ("sched", "char text[]", 0, 40, .meaningless),
  ])
  func eventsWithoutMeaningHaveALength(
    system: String, field: String, size: Int, length: Int, expected: RecordDecoder.Outcome
  ) throws {
    let text = "\tfield:\(field);\toffset:8;\tsize:\(size);\tsigned:0;"
    let format = try #require(makeFormat(system, "something", id: 9, text))
    var record = Record(big: false, id: 9)
    record.bytes += Array(repeating: 0, count: length - record.bytes.count)
    #expect(decode(record, format).0 == expected)
  }

  @Test(arguments: [
    (UInt64.max, UInt32(3), RecordDecoder.Outcome.decoded), (1 << 40, 0, .implausible),
    (5, 17, .implausible), (5, 256, .implausible), (5, 16, .decoded),
  ])
  func judgesAllocations(pfn: UInt64, order: UInt32, expected: RecordDecoder.Outcome) throws {
    let format = try #require(
      makeFormat(
        "kmem", "mm_page_alloc", id: 7,
        """
        \tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;
        \tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;
        \tfield:unsigned long gfp_flags;\toffset:24;\tsize:8;\tsigned:0;
        \tfield:int migratetype;\toffset:32;\tsize:4;\tsigned:1;
        """))
    for big in [false, true] {
      var record = Record(big: big, id: 7)
      record.put(pfn)
      record.put(order)
      record.put(UInt32(0))
      record.put(UInt64(0x40dc0))
      record.put(Int32(2))
      let (outcome, event) = decode(record, format)
      #expect(outcome == expected)
      #expect(event.pfn == pfn && event.word == 0x40dc0 && event.value == 2)
    }
  }

  @Test func failedAllocationOf32BitKernelHasNoFrame() throws {
    let format = try #require(
      makeFormat(
        "kmem", "mm_page_alloc", id: 7,
        """
        \tfield:unsigned long pfn;\toffset:8;\tsize:4;\tsigned:0;
        \tfield:unsigned int order;\toffset:12;\tsize:4;\tsigned:0;
        \tfield:gfp_t gfp_flags;\toffset:16;\tsize:4;\tsigned:0;
        """))
    var record = Record(big: false, id: 7)
    record.put(UInt32.max)
    record.put(UInt32(0))
    record.put(UInt32(0xcc0))
    let (outcome, event) = decode(record, format)
    #expect(outcome == .decoded)
    #expect(event.pfn == Event.noFrame && event.word == 0xcc0)
  }

  static func probe(_ name: String, _ rest: String, isReturn: Bool = false) -> EventFormat? {
    let address =
      isReturn
      ? """
      \tfield:unsigned long __probe_func;\toffset:8;\tsize:8;\tsigned:0;
      \tfield:unsigned long __probe_ret_ip;\toffset:16;\tsize:8;\tsigned:0;

      """ : "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n"
    return makeFormat("any", name, id: 9, address + rest)
  }

  static let functions = ProbeFunctions([
    .init(function: "hva_to_pfn", addresses: 0x1000..<0x1100),
    .init(function: "split_page", addresses: 0x2000..<0x2100),
  ])

  @Test(arguments: [
    ("whatever", 0x1004 as UInt64, EventKind.hvaToPfn), ("hva_to_pfn", 0x3000, .other),
    ("split_page", 0x1000, .hvaToPfn), ("p_prep_compound_page_0", 0x3000, .other),
  ])
  func knowsEntryProbesByTheirFunction(name: String, address: UInt64, kind: EventKind) throws {
    let format = try #require(
      Self.probe(name, "\tfield:u64 arg1;\toffset:16;\tsize:8;\tsigned:0;"))
    var record = Record(big: false, id: 9)
    record.put(address)
    record.put(UInt64(0x7f00_0000_1000))
    let (outcome, event) = decode(record, format, functions: Self.functions)
    #expect(event.kind == kind || outcome == .meaningless)
    #expect((outcome == .decoded) == (kind != .other))
    if kind == .hvaToPfn { #expect(event.word == 0) }
  }

  @Test func fallsBackToTheNameWithoutSymbols() throws {
    let format = try #require(
      Self.probe("p_hva_to_pfn_0", "\tfield:u64 addr;\toffset:16;\tsize:8;\tsigned:0;"))
    var record = Record(big: false, id: 9)
    record.put(UInt64(0x99))
    record.put(UInt64(0x5000))
    #expect(decode(record, format).1.kind == .hvaToPfn)
  }

  @Test(arguments: [(0x12064d as UInt64, false), (0x7ff0_0000_0000_0000, true), (1 << 63, true)])
  func takesTheReturnValueWhateverItsName(value: UInt64, isError: Bool) throws {
    for name in ["ret", "pfn", "arg1"] {
      let format = try #require(
        Self.probe(
          "x", "\tfield:u64 \(name);\toffset:24;\tsize:8;\tsigned:0;", isReturn: true))
      var record = Record(big: false, id: 9)
      record.put(UInt64(0x1000))
      record.put(UInt64(0x7777))
      record.put(value)
      let (outcome, event) = decode(record, format, functions: Self.functions)
      #expect(outcome == .decoded && event.kind == .hvaToPfnReturn)
      #expect(event.word == value)
      #expect(event.pfn == (isError ? Event.noFrame : value))
    }
  }

  @Test func findsTheFrameOfASplitPage() throws {
    let format = try #require(
      Self.probe(
        "s",
        """
        \tfield:u64 page;\toffset:16;\tsize:8;\tsigned:0;
        \tfield:u32 order;\toffset:24;\tsize:4;\tsigned:0;
        \tfield:u64 vmemmap;\toffset:28;\tsize:8;\tsigned:0;
        """))
    var record = Record(big: false, id: 9)
    record.put(UInt64(0x2000))
    let vmemmap: UInt64 = 0xffff_ea00_0000_0000
    record.put(vmemmap + 64 * 0x1234)
    record.put(UInt32(9))
    record.put(vmemmap)
    let (outcome, event) = decode(record, format, functions: Self.functions)
    #expect(outcome == .decoded && event.kind == .splitPage)
    #expect(event.pfn == 0x1234 && event.order == 9)
  }

  @Test func formatWithoutANeededFieldMeansNothing() throws {
    let format = try #require(
      makeFormat(
        "page_ref", "page_ref_set", id: 3, "\tfield:int val;\toffset:8;\tsize:4;\tsigned:1;"))
    let decoder = RecordDecoder([format], functions: ProbeFunctions(), bigEndian: false)
    #expect(decoder.incomplete == [0])
    #expect(decoder.kind(ofFormat: 0) == .other)
  }
}
