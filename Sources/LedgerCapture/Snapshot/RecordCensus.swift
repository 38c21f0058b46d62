import LedgerCore
import LedgerFormat
import LedgerInput

/// The first bytes of one record, as the checks of layouts read them.
struct RecordLook: Sendable {
  /// Bytes that are kept.
  static let room = 64
  private var bytes = [UInt8](repeating: 0, count: room)
  private let bigEndian: Bool
  /// Bytes that the record has.
  private(set) var size = 0

  init(bigEndian: Bool) { self.bigEndian = bigEndian }

  /// Takes the record of `count` bytes at `start`.
  mutating func fill(_ source: RawSpan, at start: Int, count: Int) {
    size = count
    for index in 0..<min(count, Self.room) { bytes[index] = source.u8(start &+ index) }
  }

  func u8(_ offset: Int) -> UInt8 { bytes[offset] }

  func u16(_ offset: Int) -> UInt16 {
    let value = bytes.withRawSpan { $0.u16(offset) }
    return bigEndian ? value.byteSwapped : value
  }

  func u64(_ offset: Int) -> UInt64 {
    let value = bytes.withRawSpan { $0.u64(offset) }
    return bigEndian ? value.byteSwapped : value
  }

  func i32(_ offset: Int) -> Int32 {
    let value = bytes.withRawSpan { $0.u32(offset) }
    return Int32(bitPattern: bigEndian ? value.byteSwapped : value)
  }
}

/// What the records of each id look like.
struct RecordCensus {
  /// The records of one id.
  struct Row {
    var count = 0
    /// Bytes of a record, nil when they differ.
    var size: Int?
    /// How many of them fit each of the known layouts.
    var fits = [Int](repeating: 0, count: KnownLayout.all.count)
    /// How many of them are a probe's that hits each of the probed functions, and its return.
    var probes: [EventKind: Int] = [:]
  }

  private(set) var rows: [UInt16: Row] = [:]
  private let functions: ProbedFunctions

  init(functions: ProbedFunctions) { self.functions = functions }

  /// Takes a record of which the first bytes are at hand.
  mutating func take(_ look: RecordLook) {
    guard look.size >= 8 else { return }
    var row = rows.removeValue(forKey: look.u16(0)) ?? Row(size: look.size)
    row.count += 1
    if row.size != look.size { row.size = nil }
    for (index, layout) in KnownLayout.all.enumerated()
    where layout.size == look.size && layout.fits(look) {
      row.fits[index] += 1
    }
    if let kind = functions.kind(look) { row.probes[kind, default: 0] += 1 }
    rows[look.u16(0)] = row
  }

  /// The layout of `kind` that the records of an id have: nearly all must fit, as a misused page may hold anything.
  func layout(of kind: EventKind, id: UInt16) -> KnownLayout? {
    guard let row = rows[id] else { return nil }
    return KnownLayout.all.indices.first {
      KnownLayout.all[$0].kind == kind && row.fits[$0] * 50 >= row.count * 49
    }.map { KnownLayout.all[$0] }
  }

  /// Records of the id have a size that those of `kind` have; how much that says, nil when they have not.
  func weight(of kind: EventKind, id: UInt16) -> Int? {
    guard let size = rows[id]?.size else { return nil }
    return KnownLayout.all.first { $0.kind == kind && $0.size == size }.map { $0.isTelling ? 2 : 1 }
  }

  /// The probe that the records of an id are from; every record must be.
  func probe(id: UInt16) -> EventKind? {
    guard let row = rows[id] else { return nil }
    return row.probes.first { $0.value == row.count }?.key
  }
}

/// Where the function lies on which probes are known.
struct ProbedFunctions {
  /// Records of probes name the function's first instruction, or the one behind a mark for the processor.
  private static let entryRoom: UInt64 = 16
  private let starts: [UInt64]

  /// `hva_to_pfn` may have several copies.
  init(hvaToPfn: [UInt64]) { starts = hvaToPfn }

  /// What a record of a probe on `hva_to_pfn` means, nil for all others.
  ///
  /// kernel/trace/trace_probe.h, trace_kprobe.c: kprobe_trace_entry_head, kretprobe_trace_entry_head (6.1).
  func kind(_ look: RecordLook) -> EventKind? {
    guard look.size >= 24 else { return nil }
    let address = look.u64(8)
    guard starts.contains(where: { address >= $0 && address &- $0 < Self.entryRoom }) else {
      return nil
    }
    let second = look.u64(16)
    // The return address of a return probe lies in the kernel, the first argument in user space.
    if second < 1 << 56 { return second > 0 ? .hvaToPfn : nil }
    guard look.size == 32 else { return nil }
    let value = look.u64(24)
    return value < Event.frameLimit || value >= 0x7ff0_0000_0000_0000 ? .hvaToPfnReturn : nil
  }
}
