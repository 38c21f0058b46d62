import LedgerCore
import LedgerInput

/// Brings the records of a file before a decoder, those of compressed records in their place.
struct RecordFeed: Sendable {
  private let source: ByteSource
  /// A stream that still grows: goes on where `source` ends.
  private let tail: ByteSource?
  private let header: PerfHeader
  private var window: [UInt8] = []
  private var at = 0
  /// Offset behind the window.
  private var ahead: UInt64
  private let end: UInt64
  /// Bytes behind a record that belong to it.
  private var skipped: UInt64 = 0
  private var inflated: [UInt8] = []
  private var inflatedAt = 0
  private let inflater = StreamInflater()
  /// The compressed stream cannot be followed any further.
  private var isTorn = false
  /// More was unpacked than is allowed.
  private var excess: CaptureError?
  /// What stands here is no record.
  private var isLost = false

  /// Bytes to read at a time.
  private var step = 1 << 18
  /// Bytes of records that may be unpacked at a time.
  private var inflatedLimit = 1 << 26

  /// What the next step has found.
  enum Step {
    case more
    /// Nothing came in time; more may follow.
    case pause
    case end
  }

  init(_ header: PerfHeader, source: ByteSource, tail: ByteSource? = nil) {
    let size = source.size ?? 0
    self.header = header
    self.source = source
    self.tail = tail
    ahead = min(header.data.offset, size)
    end = min(header.data.range.upperBound, size)
  }

  /// A file of nothing but records, which belongs to the one with the header.
  init(_ header: PerfHeader, stream: PerfStream, of count: Int) {
    var header = header
    let size = stream.range.upperBound - stream.range.lowerBound
    header.data = PerfSection(offset: stream.range.lowerBound, size: size)
    header.isAborted = false
    self.init(header, source: stream.source)
    inflatedLimit = max(1 << 20, (1 << 28) / count)
    step = max(1 << 16, min(step, (1 << 27) / count))
  }

  /// Decodes the next piece; waits so many milliseconds for a stream that still grows, without an end if negative.
  mutating func advance(_ decoder: inout PerfDecoder, waiting: Int32) throws(CaptureError) -> Step {
    if inflatedAt < inflated.count {
      let before = inflatedAt
      walkInflated(&decoder)
      if inflatedAt > before && inflatedAt < inflated.count && !isLost { return .more }
    }
    if !isLost {
      let before = at
      var bytes: [UInt8] = []
      swap(&bytes, &window)
      bytes.withRawSpan { walk($0, count: bytes.count, &decoder) }
      swap(&bytes, &window)
      if let excess { throw excess }
      if at > before { return .more }
    }
    if !isLost, ahead >= end, let tail, !tail.isReady(within: waiting) { return .pause }
    guard !isLost, try refill() else {
      close(&decoder)
      return .end
    }
    return .more
  }

  /// Reads on; false at the end of the data.
  private mutating func refill() throws(CaptureError) -> Bool {
    window.removeFirst(at)
    at = 0
    if window.isEmpty, skipped > 0 {
      let jump = min(skipped, end &- min(ahead, end))
      ahead &+= jump
      skipped &-= jump
    }
    guard ahead < end else {
      guard let tail else { return false }
      let got = try tail.read(into: &window, count: step)
      ahead &+= UInt64(got)
      return got > 0
    }
    let wanted = Int(clamping: min(end &- ahead, UInt64(step)))
    let got = try source.read(into: &window, count: wanted, at: ahead)
    ahead &+= UInt64(got)
    return got > 0
  }

  /// Walks the records of the window up to the first compressed one.
  private mutating func walk(_ bytes: RawSpan, count: Int, _ decoder: inout PerfDecoder) {
    let base = ahead &- UInt64(count)
    while !decoder.queue.isReady {
      if skipped > 0 {
        let step = Int(clamping: min(skipped, UInt64(count &- at)))
        at &+= step
        skipped &-= UInt64(step)
      }
      guard let record = Head(bytes, at, count, header.bigEndian) else { return }
      guard record.isSound else {
        isLost = true
        return
      }
      guard at &+ record.size <= count else { return }
      let start = at
      at &+= record.size
      let offset = base &+ UInt64(start)
      switch record.type {
      case PerfRecord.compressed, PerfRecord.compressed2:
        inflate(record, bytes, start, offset, &decoder)
        do throws(CaptureError) {
          let given = inflated.count - inflatedAt
          try source.damage.spend(given, size: source.size, path: source.path)
        } catch { excess = error }
        return
      case PerfRecord.tracingData where record.size >= 12:
        skipped = UInt64(bytes.word32(start &+ 8, header.bigEndian))
      case PerfRecord.hardwareTrace where record.size >= 16:
        skipped = bytes.word64(start &+ 8, header.bigEndian)
      default:
        decoder.take(
          record.type, record.misc, bytes, at: start, size: record.size, offset: offset)
      }
    }
  }

  /// Appends what a compressed record holds to the tail of the one before.
  private mutating func inflate(
    _ record: Head, _ bytes: RawSpan, _ start: Int, _ offset: UInt64, _ decoder: inout PerfDecoder
  ) {
    guard !isTorn else { return decoder.losses.add(.corruptChunk, detail: "") }
    inflated.removeFirst(inflatedAt)
    inflatedAt = 0
    var from = start &+ 8
    var to = start &+ record.size
    var isSound = true
    if record.type == PerfRecord.compressed2 {
      from &+= 8
      isSound = from <= to
      if isSound {
        let size = bytes.word64(from &- 8, header.bigEndian)
        isSound = size <= UInt64(to &- from)
        if isSound { to = from &+ Int(size) }
      }
    }
    let old = inflated.count
    if isSound {
      isSound = inflater.inflate(
        bytes, from: from, to: to, into: &inflated, limit: inflatedLimit)
    }
    guard !isSound else { return }
    isTorn = true
    inflated.removeLast(inflated.count - old)
    inflatedAt = inflated.count
    decoder.losses.add(.corruptChunk, detail: "compressed record at offset \(offset)")
    decoder.openAll()
  }

  private mutating func walkInflated(_ decoder: inout PerfDecoder) {
    var bytes: [UInt8] = []
    swap(&bytes, &inflated)
    let count = bytes.count
    let offset = ahead &- UInt64(window.count &- at)
    bytes.withRawSpan { span in
      while !decoder.queue.isReady {
        guard let record = Head(span, inflatedAt, count, header.bigEndian) else { return }
        guard record.isSound, record.type != PerfRecord.compressed,
          record.type != PerfRecord.compressed2
        else {
          decoder.losses.add(.corruptChunk, detail: "compressed records before offset \(offset)")
          decoder.openAll()
          isTorn = true
          inflatedAt = count
          return
        }
        guard inflatedAt &+ record.size <= count else { return }
        decoder.take(
          record.type, record.misc, span, at: inflatedAt, size: record.size, offset: offset)
        inflatedAt &+= record.size
      }
    }
    swap(&bytes, &inflated)
  }

  /// Accounts what is missing at the end.
  private mutating func close(_ decoder: inout PerfDecoder) {
    let rest = UInt64(window.count &- at) &+ (end &- min(ahead, end))
    let place = ahead &- UInt64(window.count &- at)
    if isLost && isText {
      decoder.losses.add(
        .malformedLine, detail: "\(rest) bytes of text behind the records, at offset \(place)")
    } else if header.isAborted {
      decoder.losses.add(
        .truncated,
        detail:
          "perf was killed before it wrote the names and formats of the events; \(rest) bytes left over"
      )
      decoder.openAll()
    } else if isLost {
      decoder.losses.add(
        .malformedSection, detail: "\(rest) bytes at offset \(place) are no records")
      decoder.openAll()
    } else if rest > 0 || skipped > 0 || inflatedAt < inflated.count || missing > 0 {
      decoder.losses.add(.truncated, detail: "data ends inside a record at offset \(place)")
      decoder.openAll()
    }
  }

  /// Bytes that the header promises and the file does not have.
  private var missing: UInt64 {
    let promised = header.data.range.upperBound
    return promised == .max || tail != nil ? 0 : promised &- min(promised, source.size ?? 0)
  }

  /// Recorders' messages that were glued to the end.
  private var isText: Bool {
    header.form == .pipe
      && window[at...].prefix(64).allSatisfy {
        (0x20...0x7e).contains($0) || $0 == 0x0a || $0 == 0x0d
      }
  }

  /// The first eight bytes of a record.
  private struct Head {
    let type: UInt32
    let misc: UInt16
    let size: Int

    /// nil when fewer bytes are left.
    @inline(__always)
    init?(_ bytes: RawSpan, _ at: Int, _ count: Int, _ swapped: Bool) {
      guard at &+ 8 <= count else { return nil }
      type = bytes.word32(at, swapped)
      misc = bytes.word16(at &+ 4, swapped)
      size = Int(bytes.word16(at &+ 6, swapped))
    }

    var isSound: Bool { size >= 8 && PerfRecord.isPlausible(type) }
  }
}
