import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads the layout of trace.dat version 7 (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:read_section_header,
/// handle_options, handle_buffer_option).
struct Version7 {
  /// A section's header and place.
  private struct Section: Sendable {
    var id: UInt16
    var isCompressed: Bool
    /// Of the first byte behind the header.
    var body: UInt64
    var size: UInt64
  }

  let source: ByteSource
  var layout: TraceDatLayout
  private var visited: Set<UInt64> = []
  private var taken: Set<UInt16> = []
  /// Sections with sub-buffers, found by walking.
  private var dataSections: [Section] = []
  private let inflater: Inflater

  /// Larger inflated sections are taken for damage.
  private static let sectionLimit: UInt64 = 1 << 28

  init(source: ByteSource, layout: TraceDatLayout) {
    self.source = source
    self.layout = layout
    self.inflater = Inflater(layout.compression)
  }

  /// Follows the chain of options from `first`; walks the sections behind `start` when the chain is broken.
  mutating func read(first: UInt64, sections start: UInt64) throws(CaptureError) {
    let isWhole = followChain(first)
    if !isWhole || !taken.contains(16) || !taken.contains(3) { try walk(from: start) }
    guard taken.contains(16), taken.contains(18) else {
      throw .headerTruncated(
        path: source.path, offset: source.size ?? 0, what: "the sections with the event formats")
    }
    if !taken.contains(3) { recoverExtents() }
  }

  /// False when the chain ends in nothing.
  private mutating func followChain(_ first: UInt64) -> Bool {
    var next = first
    while next != 0 {
      guard visited.insert(next).inserted, visited.count < 4096 else { return false }
      do throws(CaptureError) {
        let section = try header(at: next)
        guard section.id == 0 else { return false }
        guard let following = try readOptions(section) else { return false }
        next = following
      } catch {
        layout.losses.add(Self.loss(for: error), detail: "options at offset \(next)")
        return false
      }
    }
    return first != 0
  }

  /// A file that ends too soon is not damaged in what it has.
  static func loss(for error: CaptureError) -> LossCode {
    if case .headerTruncated = error { return .truncated }
    return .malformedSection
  }

  /// Takes every section in the order of the file, as far as it was not taken yet.
  private mutating func walk(from start: UInt64) throws(CaptureError) {
    var place = start
    let size = source.size ?? 0
    while place < size {
      let section: Section
      do throws(CaptureError) { section = try header(at: place) } catch {
        // A disk that fails is not the end of the file.
        if case .readFailed = error { throw error }
        return
      }
      // Zeros are a hole, not options.
      guard section.id != 0 || section.size != 0 else { return }
      if section.id == 0 {
        if visited.insert(place).inserted { _ = try? readOptions(section) }
      } else if section.id == 3 {
        dataSections.append(section)
      } else {
        takeSection(section.id, at: place)
      }
      let (end, overflow) = section.body.addingReportingOverflow(section.size)
      guard !overflow, end > place else { return }
      place = end
    }
  }

  private func header(at offset: UInt64) throws(CaptureError) -> Section {
    var cursor = ByteCursor(
      source, range: offset..<max(offset, min(offset, .max - 16) + 16),
      bigEndian: layout.bigEndian)
    let id = try cursor.u16("section")
    let flags = try cursor.u16("section")
    _ = try cursor.u32("section")
    let size = try cursor.u64("section")
    return Section(
      id: id, isCompressed: flags & 1 != 0, body: cursor.offset, size: size)
  }

  /// A cursor over a section's contents, inflated when necessary.
  private func open(_ section: Section) throws(CaptureError) -> ByteCursor {
    try Self.open(section, source, bigEndian: layout.bigEndian, inflater)
  }

  /// Reads the symbols when they are asked for.
  private func deferredSymbols(_ section: Section) -> SymbolText {
    let (source, bigEndian, method) = (source, layout.bigEndian, layout.compression)
    return SymbolText(at: section.body) { () throws(CaptureError) in
      var cursor = try Self.open(section, source, bigEndian: bigEndian, Inflater(method))
      return try cursor.bytes(UInt64(try cursor.u32("size of kallsyms")), "kallsyms")
    }
  }

  private static func open(
    _ section: Section, _ source: ByteSource, bigEndian: Bool, _ inflater: Inflater
  ) throws(CaptureError) -> ByteCursor {
    let (end, overflow) = section.body.addingReportingOverflow(section.size)
    var cursor = ByteCursor(
      source, range: section.body..<(overflow ? .max : end), bigEndian: bigEndian)
    guard section.isCompressed else { return cursor }
    let packed = UInt64(try cursor.u32("compressed section"))
    let size = UInt64(try cursor.u32("compressed section"))
    var contents: [UInt8] = []
    guard size <= Self.sectionLimit, size <= max(packed, 16) &* 100_000,
      try cursor.inflate(packed, to: Int(size), with: inflater, into: &contents)
    else {
      throw .headerCorrupt(
        path: source.path, offset: section.body, what: "compressed section \(section.id)")
    }
    return ByteCursor(contents, path: source.path, bigEndian: bigEndian)
  }

  /// Finds the CPUs' data without the option that tells where it lies: the file was cut, or its recorder did not finish.
  private mutating func recoverExtents() {
    for section in dataSections {
      let search = ExtentSearch(
        source: source, bigEndian: layout.bigEndian, subBuffer: layout.page.size,
        compression: section.isCompressed ? layout.compression : .none)
      layout.extents += search.extents(from: section.body)
    }
    let found = layout.extents.count
    layout.losses.add(
      .truncated, count: 1,
      detail:
        "the file ends before it says where each CPU's data lies; data of \(found) CPUs was found")
  }

  /// The offset of the next options, nil when they do not end properly.
  private mutating func readOptions(_ section: Section) throws(CaptureError) -> UInt64? {
    var cursor = try open(section)
    while cursor.remaining >= 6 {
      let id = try cursor.u16("option")
      let data = try cursor.bytes(UInt64(try cursor.u32("size of an option")), "option")
      switch id {
      case 0: return try offset(in: data)
      case 3: try readBuffer(data)
      case 16...21: takeSection(id, at: try offset(in: data))
      case 22: try readText(data)
      default: layout.takeOption(id, data)
      }
    }
    return nil
  }

  private func offset(in data: [UInt8]) throws(CaptureError) -> UInt64 {
    var cursor = ByteCursor(data, path: source.path, bigEndian: layout.bigEndian)
    return try cursor.u64("offset in an option")
  }

  /// Reads one of the sections that hold metadata; damage in it is a loss.
  private mutating func takeSection(_ id: UInt16, at offset: UInt64) {
    guard taken.insert(id).inserted else { return }
    do throws(CaptureError) {
      let section = try header(at: offset)
      guard section.id == id else {
        throw .headerCorrupt(path: source.path, offset: offset, what: "section \(id)")
      }
      try readSection(section)
    } catch {
      layout.losses.add(Self.loss(for: error), detail: "section \(id) at offset \(offset)")
      if id == 16 || id == 18 { taken.remove(id) }
    }
  }

  private mutating func readSection(_ section: Section) throws(CaptureError) {
    // Symbols are megabytes that few captures need.
    if section.id == 19 {
      layout.symbolText = deferredSymbols(section)
      return
    }
    guard section.id != 20 else { return }
    var cursor = try open(section)
    switch section.id {
    case 16: try layout.readHeaders(&cursor, path: source.path)
    case 17: try layout.readBuiltins(&cursor, path: source.path)
    case 18: try layout.readFormats(&cursor, path: source.path)
    case 21: layout.readComms(try cursor.bytes(try cursor.u64("size of cmdlines"), "cmdlines"))
    default: break
    }
  }

  /// Where the text of a latency tracer lies.
  private mutating func readText(_ data: [UInt8]) throws(CaptureError) {
    let section = try header(at: try offset(in: data))
    layout.text = TraceDatText(
      offset: section.body, size: section.size,
      compression: section.isCompressed ? layout.compression : .none)
    taken.insert(3)
  }

  /// Where the data of one buffer's CPUs lies.
  private mutating func readBuffer(_ data: [UInt8]) throws(CaptureError) {
    var cursor = ByteCursor(data, path: source.path, bigEndian: layout.bigEndian)
    let place = try cursor.u64("buffer option")
    let instance = try cursor.string("buffer option")
    let stated = try cursor.string("buffer option")
    // trace-cmd 3.1.6 states the top buffer's clock of instances too; what the option TRACECLOCK holds is the kernel's word.
    let isInherited = stated == "global" && !instance.isEmpty && !layout.kernelClock.isEmpty
    let clock = isInherited ? layout.kernelClock : stated
    let subBuffer = try cursor.u32("buffer option")
    let count = try cursor.u32("buffer option")
    if instance.isEmpty && !clock.isEmpty { layout.clock = clock }
    guard layout.buffers.count < TraceDatLayout.instanceLimit else {
      return layout.losses.add(.tooManyParts, detail: "instances of the trace buffer")
    }
    layout.buffers.append(TraceBuffer(name: instance, clock: clock))
    let isCompressed = (try? header(at: place))?.isCompressed ?? (layout.compression != .none)
    for _ in 0..<count {
      let cpu = try cursor.u32("CPU in a buffer option")
      let offset = try cursor.u64("CPU in a buffer option")
      let size = try cursor.u64("CPU in a buffer option")
      guard size > 0, layout.extents.count <= TraceDatLayout.extentLimit else { continue }
      guard cpu <= UInt16.max else {
        layout.losses.add(.malformedSection, detail: "data of CPU \(cpu)")
        continue
      }
      // The size leaves out the count of chunks in front of them.
      layout.extents.append(
        CpuExtent(
          instance: instance, cpu: Int(cpu), offset: offset,
          size: isCompressed ? size &+ 4 : size,
          compression: isCompressed ? layout.compression : .none,
          subBuffer: Int(subBuffer)))
    }
    taken.insert(3)
  }
}
