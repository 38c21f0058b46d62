import LedgerCore
import LedgerInput

/// The shapes that the lines of each event had lately.
///
/// Kernels print an event in few shapes: what changes from line to line are digits, and seldom how many there are. A line
/// of a known shape needs no search for its fields, their names or its end.
struct BodyShapes {
  /// Shapes that begin alike.
  private static let ways = 4
  private static let groups = 256
  /// Lines of unknown shape that are learnt from at once; of later ones one in eight, as learning takes longer than reading.
  private static let patience = 256

  private var patterns = BytePatterns(rows: groups * ways, longest: BodyShape.longest)
  private var shapes = [BodyShape](repeating: BodyShape(), count: groups * ways)
  /// The shape that the last line of a group had.
  private var recent = (0..<groups).map { $0 * ways }
  private var misses = 0
  private let pairs = HexPairs()

  /// The shape of a line behind its time, nil when it is new.
  @inline(__always)
  mutating func match(_ text: borrowing WideText, _ at: Int) -> Int? {
    let group = Self.group(text, at)
    let last = recent[group]
    if patterns.matches(last, text, at) { return last }
    return search(group, last, text, at)
  }

  @inline(never)
  private mutating func search(
    _ group: Int, _ last: Int, _ text: borrowing WideText, _ at: Int
  ) -> Int? {
    let first = group &* Self.ways
    for shape in first..<first &+ Self.ways where shape != last {
      guard patterns.matches(shape, text, at) else { continue }
      recent[group] = shape
      return shape
    }
    return nil
  }

  /// Names differ in their first bytes; where digits are among these, a name has several groups.
  @inline(__always)
  private static func group(_ text: borrowing WideText, _ at: Int) -> Int {
    let mixed = text.word(at) &* 0xff51_afd7_ed55_8ccd ^ text.word(at &+ 8)
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) &>> 56)
  }

  /// What the fixed bytes of a shape say.
  @inline(__always)
  func event(_ shape: Int) -> Event { shapes[shape].event }

  /// The row of the name that is among the fixed bytes.
  @inline(__always)
  func row(_ shape: Int) -> Int { shapes[shape].row }

  /// Bytes behind the time, with the newline.
  @inline(__always)
  func count(_ shape: Int) -> Int { shapes[shape].count }

  /// Reads the numbers of a line.
  @inline(__always)
  func read(_ shape: Int, _ text: borrowing WideText, _ at: Int, into event: inout Event) -> Bool {
    shapes[shape].read(text, at, pairs, into: &event)
  }

  /// Takes the shape of a line that was read the long way; `start` is behind the colon of its time.
  @inline(never)
  mutating func learn(_ event: Event, _ row: Int, _ bytes: RawSpan, from start: Int) {
    misses &+= 1
    let limit = min(bytes.byteCount, start &+ BodyShape.longest)
    guard misses <= Self.patience || misses & 7 == 0, let text = WideText(bytes),
      let newline = bytes.firstOffset(of: 0x0a, from: start, to: limit),
      let shape = BodyShape(of: event, row, bytes, from: start, to: newline, pairs)
    else { return }
    let group = Self.group(text, start)
    let place = group &* Self.ways &+ (recent[group] &+ 1) & (Self.ways &- 1)
    shapes[place] = shape
    patterns.set(place, bytes, at: start, count: shape.count, isFree: shape.isFree)
    recent[group] = place
  }
}
