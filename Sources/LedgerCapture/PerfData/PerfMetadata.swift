import LedgerCore
import LedgerInput

/// All that a perf.data says about its records, from its sections or from its own kind of records.
struct PerfMetadata: Sendable {
  let path: String
  let bigEndian: Bool
  var attributes: [PerfAttribute] = []
  /// Place in `attributes` by the numbers that records carry.
  var attributeOfID: [UInt64: Int] = [:]
  /// Event formats; the tracing data is the start of a trace.dat.
  var tracing = TraceDatLayout()
  /// The records lie in files beside this one, as `perf record --threads` writes them.
  var isFolder = false
  var kernel = ""
  /// Build ids of the running kernel and of its modules.
  var clues = KernelClues()
  /// CPUs that ran, and those that the machine has; 0 when unknown.
  var cpus = 0
  var present = 0
  var losses = LossLedger()

  /// Of all attributes, which may name the same ones.
  private var idsRead = 0
  private static let attributeLimit = 1 << 14
  private static let idLimit = 1 << 22

  init(path: String, bigEndian: Bool) {
    self.path = path
    self.bigEndian = bigEndian
    tracing.bigEndian = bigEndian
  }

  /// Adds an attribute with its ids.
  mutating func add(_ attribute: PerfAttribute) {
    guard attributes.count < Self.attributeLimit else { return }
    var attribute = attribute
    for id in attribute.ids where attributeOfID.count < Self.idLimit {
      attributeOfID[id] = attributes.count
    }
    attribute.ids = []
    attributes.append(attribute)
  }

  /// Reads the sections that the header names (tools/perf/util/header.c:perf_session__read_header, 6.1).
  mutating func readSections(_ header: PerfHeader, _ source: ByteSource) throws(CaptureError) {
    let size = header.attributeSize
    var cursor = ByteCursor(source, range: header.attributes.range, bigEndian: bigEndian)
    let count = header.attributes.size / size
    for _ in 0..<min(count, UInt64(Self.attributeLimit)) {
      let offset = cursor.offset
      let bytes = try cursor.bytes(size, "the event attributes")
      let found = bytes.withRawSpan { span in
        PerfAttribute(span, at: 0, count: Int(size) - 16, swapped: bigEndian)
      }
      guard var attribute = found else {
        throw .headerCorrupt(path: path, offset: offset, what: "an event attribute")
      }
      let place = bytes.withRawSpan { span in
        PerfSection(
          offset: span.word64(Int(size) - 16, bigEndian),
          size: span.word64(Int(size) - 8, bigEndian))
      }
      do throws(CaptureError) {
        attribute.ids = try ids(place, source)
      } catch {
        losses.add(.truncated, detail: "numbers of an event at offset \(place.offset)")
      }
      add(attribute)
    }
    guard !attributes.isEmpty else {
      throw .headerCorrupt(path: path, offset: 24, what: "the table of event attributes")
    }
    readFeatures(header, source)
  }

  private mutating func ids(_ place: PerfSection, _ source: ByteSource) throws(CaptureError)
    -> [UInt64]
  {
    var cursor = ByteCursor(source, range: place.range, bigEndian: bigEndian)
    guard place.size <= UInt64(Self.idLimit - idsRead) * 8,
      place.size == 0 || cursor.remaining > 0
    else {
      throw .headerTruncated(path: path, offset: place.offset, what: "numbers of an event")
    }
    idsRead += Int(place.size / 8)
    var ids: [UInt64] = []
    for _ in 0..<(place.size / 8) { ids.append(try cursor.u64("numbers of an event")) }
    return ids
  }

  private mutating func readFeatures(_ header: PerfHeader, _ source: ByteSource) {
    let table = header.data.range.upperBound
    var cursor = ByteCursor(source, range: table..<UInt64.max, bigEndian: bigEndian)
    for feature in header.features {
      do throws(CaptureError) {
        let offset = try cursor.u64("the table of features")
        let place = PerfSection(offset: offset, size: try cursor.u64("the table of features"))
        var body = ByteCursor(source, range: place.range, bigEndian: bigEndian)
        if feature == 1 { readTracing(&body) } else { readFeature(feature, &body) }
      } catch {
        losses.add(.truncated, count: 1, detail: "the table of features at offset \(table)")
        return
      }
    }
  }

  /// Collects what records of a file in pipe mode say about others, up to its end.
  mutating func readRecords(_ header: PerfHeader, _ source: ByteSource) throws(CaptureError) {
    var cursor = ByteCursor(source, range: header.data.range, bigEndian: bigEndian)
    do throws(CaptureError) {
      while cursor.remaining >= 8, try readRecord(&cursor, source) {}
    } catch .headerTruncated {
      // The walk over the records accounts for it.
    }
    guard !attributes.isEmpty else {
      throw .headerTruncated(path: path, offset: cursor.offset, what: "the event attributes")
    }
  }

  /// False at something that is no record.
  private mutating func readRecord(_ cursor: inout ByteCursor, _ source: ByteSource)
    throws(CaptureError) -> Bool
  {
    let type = try cursor.u32("a record")
    _ = try cursor.u16("a record")
    let size = UInt64(try cursor.u16("a record"))
    guard size >= 8, PerfRecord.isPlausible(type) else { return false }
    switch type {
    case PerfRecord.attribute, PerfRecord.feature, PerfRecord.update:
      let body = try cursor.bytes(size - 8, "a record")
      switch type {
      case PerfRecord.attribute: takeAttribute(body)
      case PerfRecord.update: takeUpdate(body)
      default:
        var place = ByteCursor(body, path: path, bigEndian: bigEndian)
        let feature = try place.u64("a feature record")
        readFeature(Int(clamping: feature), &place)
      }
    case PerfRecord.tracingData:
      let count = UInt64(try cursor.u32("tracing data"))
      try cursor.skip(size >= 12 ? size - 12 : 0, "tracing data")
      let place = PerfSection(offset: cursor.offset, size: count)
      var body = ByteCursor(source, range: place.range, bigEndian: bigEndian)
      readTracing(&body)
      try cursor.skip(count, "tracing data")
    case PerfRecord.hardwareTrace where size >= 16:
      let count = try cursor.u64("hardware trace")
      try cursor.skip(size - 16, "hardware trace")
      try cursor.skip(count, "hardware trace")
    default: try cursor.skip(size - 8, "a record")
    }
    return true
  }

  private mutating func takeAttribute(_ body: [UInt8]) {
    let found = body.withRawSpan { span -> PerfAttribute? in
      guard
        var attribute = PerfAttribute(span, at: 0, count: span.byteCount, swapped: bigEndian)
      else { return nil }
      let stated = Int(span.word32(4, bigEndian))
      var at = stated == 0 ? 64 : stated
      while at <= span.byteCount - 8 {
        attribute.ids.append(span.word64(at, bigEndian))
        at += 8
      }
      return attribute
    }
    guard let found else {
      losses.add(.malformedSection, detail: "an attribute record")
      return
    }
    add(found)
  }

  /// The name that the recorder gave an event (tools/lib/perf/include/perf/event.h:perf_record_event_update, 6.1).
  private mutating func takeUpdate(_ body: [UInt8]) {
    guard body.count > 16 else { return }
    let (kind, id) = body.withRawSpan { ($0.word64(0, bigEndian), $0.word64(8, bigEndian)) }
    guard kind == 2, let index = attributeOfID[id] else { return }
    attributes[index].name = TraceDatLayout.text(Array(body[16...]))
  }
}
