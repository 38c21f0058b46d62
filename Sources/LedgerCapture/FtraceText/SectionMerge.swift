import LedgerCore
import LedgerInput

/// Gives the lines of several buffers in order of time, in blocks as `TextBlocks` does.
///
/// A line with a context takes the lines behind it along, such as those of its stack.
struct SectionMerge {
  private static let blockSize = 1 << 18
  private let source: ByteSource
  private var sections: [SectionCursor]
  private var isStarted = false

  init(_ source: ByteSource, _ found: BufferSections) {
    self.source = source
    let window = found.ranges.count <= 64 ? 1 << 18 : 1 << 15
    sections = found.ranges.map { SectionCursor(range: $0, window: window) }
  }

  /// Replaces `block` by the next lines and returns the bytes of text in it; nil at the end.
  mutating func next(_ block: inout [UInt8]) throws(CaptureError) -> Int? {
    block.removeAll(keepingCapacity: true)
    if !isStarted { try start(&block) }
    while block.count < Self.blockSize, let first = earliest() {
      try sections[first].give(&block, source)
    }
    guard !block.isEmpty else { return nil }
    let end = block.count
    block.append(contentsOf: repeatElement(0, count: TextBlocks.padding))
    return end
  }

  /// The headers come first, those that say the same once.
  private mutating func start(_ block: inout [UInt8]) throws(CaptureError) {
    isStarted = true
    var headers: [[UInt8]] = []
    for index in sections.indices {
      var header: [UInt8] = []
      try sections[index].give(&header, source)
      if !headers.contains(header) { headers.append(header) }
    }
    for header in headers { block.append(contentsOf: header) }
  }

  private func earliest() -> Int? {
    var best: Int?
    for index in sections.indices where !sections[index].isAtEnd {
      if let known = best, sections[known].time <= sections[index].time { continue }
      best = index
    }
    return best
  }
}

/// A place in one buffer.
private struct SectionCursor {
  private var offset: UInt64
  private let end: UInt64
  private let window: Int
  private var bytes: [UInt8] = []
  private var at = 0
  private var filled = 0
  /// Time of the line at this place, the same as before where a line has none.
  private(set) var time: UInt64 = 0
  private(set) var isAtEnd = false

  init(range: Range<UInt64>, window: Int) {
    offset = range.lowerBound
    end = range.upperBound
    self.window = window
  }

  /// Appends the lines up to the next one with a context, and moves there.
  mutating func give(_ block: inout [UInt8], _ source: ByteSource) throws(CaptureError) {
    var isFirst = true
    while try hasLine(source) {
      let stop = line()
      if let next = contextTime(stop), !isFirst || !hasContext {
        time = next
        hasContext = true
        return
      }
      isFirst = false
      block.append(contentsOf: bytes[at..<stop])
      if stop > at, bytes[stop - 1] != 0x0a { block.append(0x0a) }
      at = stop
    }
    isAtEnd = true
  }

  /// The header was given.
  private var hasContext = false

  private func contextTime(_ stop: Int) -> UInt64? {
    bytes.withRawSpan { LineContext.parse($0, from: at, to: stop &- 1)?.time }
  }

  /// Offset behind the line that starts here; a line longer than the window is taken in pieces.
  private func line() -> Int {
    let newline = bytes.withRawSpan { $0.firstOffset(of: 0x0a, from: at, to: filled) }
    return newline.map { $0 &+ 1 } ?? filled
  }

  /// Reads on until a whole line is there; false at the end.
  private mutating func hasLine(_ source: ByteSource) throws(CaptureError) -> Bool {
    let whole = bytes.withRawSpan { $0.firstOffset(of: 0x0a, from: at, to: filled) }
    if whole != nil { return true }
    guard offset < end, filled &- at < window else { return at < filled }
    bytes.removeSubrange(filled...)
    bytes.removeFirst(at)
    let wanted = min(Int(clamping: end &- offset), window &- bytes.count)
    let got = try source.read(into: &bytes, count: wanted, at: offset)
    offset = got < wanted ? end : offset &+ UInt64(got)
    at = 0
    filled = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: TextBlocks.padding))
    return filled > 0
  }
}
