import LedgerInput

/// What a sample or the end of another record says.
struct PerfSample: Sendable {
  var tid: Int32 = -1
  /// The process that the thread belongs to.
  var process: Int32 = -1
  var time: UInt64 = 0
  var id: UInt64 = 0
  /// nil when the record does not say.
  var cpu: UInt32?
  var address: UInt64 = 0
  /// Where the tracepoint's own record lies; nil without one.
  var raw: Range<Int>?
  /// Where the addresses of its call chain lie; nil without one.
  var chain: Range<Int>?
}

/// Where the parts of one event's samples lie (tools/perf/util/evsel.c:evsel__parse_sample, 6.1).
struct SampleShape: Sendable {
  private let bits: PerfAttribute.SampleBits
  private let hasTrailer: Bool
  private let readFormat: UInt64
  // Offsets in a sample, -1 for what it does not have; narrow, because shapes are copied for each sample.
  private var ip: Int8 = -1
  private var tid: Int8 = -1
  private var time: Int8 = -1
  private var cpu: Int8 = -1
  private var number: Int8 = -1
  /// Bytes in front of what varies in length.
  private var fixed: Int8 = 0

  /// Offset of the event's number in a sample, -1 without one.
  @inline(__always)
  var id: Int { Int(number) }

  init(_ attribute: PerfAttribute) {
    bits = attribute.samples
    hasTrailer = attribute.marksAllRecords
    readFormat = attribute.readFormat
    if takes(.identifier) { number = fixed - 8 }
    if takes(.ip) { ip = fixed - 8 }
    if takes(.tid) { tid = fixed - 4 }
    if takes(.time) { time = fixed - 8 }
    _ = takes(.address)
    if takes(.id), number < 0 { number = fixed - 8 }
    _ = takes(.stream)
    if takes(.cpu) { cpu = fixed - 8 }
    _ = takes(.period)
  }

  private mutating func takes(_ bit: PerfAttribute.SampleBits) -> Bool {
    guard bits.contains(bit) else { return false }
    fixed += 8
    return true
  }

  /// Samples have an instruction's address.
  var hasAddress: Bool { ip >= 0 }

  /// Where the size of the tracepoint's record lies when nothing in front of it varies in length, and the sample tells
  /// task, time and CPU; else nil.
  var rawPlace: Int? {
    guard bits.contains(.raw), bits.isDisjoint(with: [.read, .callchain]), isPlaced else {
      return nil
    }
    return Int(fixed)
  }

  /// The sample tells task, time and CPU.
  var isPlaced: Bool { tid >= 0 && time >= 0 && cpu >= 0 }

  /// Offsets of the task, the time and the CPU in a sample that has them.
  var places: (tid: Int8, time: Int8, cpu: Int8) { (tid, time, cpu) }

  /// The sample between `start` and `end`, which lie within `bytes`; nil when it is too short for its parts or its CPU is none.
  @inline(__always)
  func sample(
    _ bytes: RawSpan, from start: Int, to end: Int, swapped: Bool, wantsAddress: Bool = false
  ) -> PerfSample? {
    guard end &- start >= Int(fixed) else { return nil }
    var sample = PerfSample()
    if wantsAddress, ip >= 0 { sample.address = bytes.word64(start &+ Int(ip), swapped) }
    if tid >= 0 {
      sample.tid = Int32(bitPattern: bytes.word32(start &+ Int(tid), swapped))
      sample.process = Int32(bitPattern: bytes.word32(start &+ Int(tid) &- 4, swapped))
    }
    if time >= 0 { sample.time = bytes.word64(start &+ Int(time), swapped) }
    if number >= 0 { sample.id = bytes.word64(start &+ Int(number), swapped) }
    if cpu >= 0 {
      guard bytes.word32(start &+ Int(cpu) &+ 4, swapped) == 0 else { return nil }
      sample.cpu = bytes.word32(start &+ Int(cpu), swapped)
    }
    guard bits.contains(.raw) else { return sample }
    var at = start &+ Int(fixed)
    if bits.contains(.read) {
      guard let next = skipCounters(bytes, at, end, swapped) else { return nil }
      at = next
    }
    if bits.contains(.callchain) {
      guard at &+ 8 <= end else { return nil }
      let count = bytes.word64(at, swapped)
      guard count <= UInt64((end &- at &- 8) / 8) else { return nil }
      sample.chain = (at &+ 8)..<(at &+ 8 &+ 8 &* Int(count))
      at &+= 8 &+ 8 &* Int(count)
    }
    guard at &+ 4 <= end else { return nil }
    let size = Int(bytes.word32(at, swapped))
    guard size <= end &- at &- 4 else { return nil }
    sample.raw = (at &+ 4)..<(at &+ 4 &+ size)
    return sample
  }

  /// The place behind the counters at `at`, nil when they run over `end`.
  private func skipCounters(_ bytes: RawSpan, _ at: Int, _ end: Int, _ swapped: Bool) -> Int? {
    let times = (readFormat & 3).nonzeroBitCount
    let extras = (readFormat & 0x14).nonzeroBitCount
    guard readFormat & 8 != 0 else {
      let next = at &+ 8 &* (1 &+ times &+ extras)
      return next <= end ? next : nil
    }
    let first = at &+ 8 &* (1 &+ times)
    guard first <= end else { return nil }
    let count = bytes.word64(at, swapped)
    let size = 8 &* (1 &+ extras)
    guard count <= UInt64((end &- first) / size) else { return nil }
    return first &+ Int(count) &* size
  }

  /// What the last bytes of a record that is no sample say; `start` is behind its header.
  func trailer(_ bytes: RawSpan, from start: Int, to end: Int, swapped: Bool) -> PerfSample {
    var sample = PerfSample()
    guard hasTrailer else { return sample }
    var at = end
    func step(_ bit: PerfAttribute.SampleBits) -> Int? {
      guard bits.contains(bit), at &- 8 >= start else { return nil }
      at &-= 8
      return at
    }
    if let place = step(.identifier) { sample.id = bytes.word64(place, swapped) }
    if let place = step(.cpu) { sample.cpu = bytes.word32(place, swapped) }
    _ = step(.stream)
    if let place = step(.id) { sample.id = bytes.word64(place, swapped) }
    if let place = step(.time) { sample.time = bytes.word64(place, swapped) }
    if let place = step(.tid) { sample.tid = Int32(bitPattern: bytes.word32(place &+ 4, swapped)) }
    return sample
  }
}
