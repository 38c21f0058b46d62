import LedgerCore
import LedgerInput

/// The buffers of single CPUs that stand one behind the other in one file, as `cat per_cpu/cpu*/trace` writes them.
struct BufferSections {
  /// More sections than CPUs that any kernel is built for are none.
  private static let limit = LineContext.cpuLimit
  /// How much of the start and of the end of a section must be of one CPU.
  private static let sample = 1 << 14

  /// Where each buffer stands, in order of the file.
  let ranges: [Range<UInt64>]

  /// Nil unless the file consists of at least two buffers of different CPUs.
  init?(_ source: ByteSource) throws(CaptureError) {
    guard let size = source.size else { return nil }
    var head: [UInt8] = []
    _ = try source.read(into: &head, count: Self.sample, at: 0)
    guard Self.mayBeOne(head) else { return nil }
    let starts = try Self.starts(source, size)
    guard starts.count > 1, starts.count <= Self.limit else { return nil }
    var seen = Set<Int>()
    var ranges: [Range<UInt64>] = []
    for (index, start) in starts.enumerated() {
      let end = index + 1 < starts.count ? starts[index + 1] : size
      ranges.append(start..<end)
      let cpus = try Self.cpus(source, start..<end)
      guard cpus.count <= 1, seen.isDisjoint(with: cpus) else { return nil }
      seen.formUnion(cpus)
    }
    self.ranges = ranges
  }

  /// A file of a trace whose first events are all of one CPU.
  static func mayBeOne(_ prefix: [UInt8]) -> Bool {
    prefix.starts(with: mark) && cpus(prefix).count <= 1
  }

  private static let mark = Array("# tracer:".utf8)

  /// The CPUs of the lines in `bytes` in front of another buffer; the last line may be cut.
  private static func cpus(_ bytes: [UInt8]) -> Set<Int> {
    let padded = bytes + Array(repeating: 0, count: TextBlocks.padding)
    return padded.withRawSpan { span in
      var cpus = Set<Int>()
      var at = 0
      while let newline = span.firstOffset(of: 0x0a, from: at, to: bytes.count) {
        if at > 0, Word.mark.isFound(in: span, at: at, end: newline) { break }
        if let context = LineContext.parse(span, from: at, to: newline) {
          cpus.insert(context.cpu)
        }
        at = newline &+ 1
      }
      return cpus
    }
  }

  private static func cpus(_ source: ByteSource, _ range: Range<UInt64>) throws(CaptureError)
    -> Set<Int>
  {
    let count = Int(clamping: range.upperBound - range.lowerBound)
    var head: [UInt8] = []
    _ = try source.read(into: &head, count: min(count, sample), at: range.lowerBound)
    guard count > sample else { return cpus(head) }
    var tail: [UInt8] = []
    _ = try source.read(
      into: &tail, count: sample, at: range.upperBound - UInt64(min(count, sample)))
    if let newline = tail.firstIndex(of: 0x0a) { tail.removeFirst(newline + 1) }
    return cpus(head).union(cpus(tail))
  }

  /// Offsets of the lines that start a buffer.
  private static func starts(_ source: ByteSource, _ size: UInt64) throws(CaptureError) -> [UInt64]
  {
    var starts: [UInt64] = [0]
    var offset: UInt64 = 1
    var window: [UInt8] = []
    while offset < size, starts.count <= limit {
      window.removeAll(keepingCapacity: true)
      let got = try source.read(into: &window, count: 1 << 20, at: offset)
      guard got > mark.count else { break }
      let last = got &- mark.count
      window.withRawSpan { span in
        var from = 0
        while let hit = span.firstOffset(of: 0x23, from: from, to: last) {
          from = hit &+ 1
          if hit > 0, span.u8(hit &- 1) == 0x0a, Word.mark.isFound(in: span, at: hit, end: got) {
            starts.append(offset &+ UInt64(hit))
          }
        }
      }
      offset &+= UInt64(last)
      guard window.last == 0 else { continue }
      // Zeros may be a hole of any size.
      guard let data = source.nextData(from: offset) else { break }
      offset = data
    }
    return starts
  }

  private enum Word { static let mark = StaticText("# tracer:") }
}
