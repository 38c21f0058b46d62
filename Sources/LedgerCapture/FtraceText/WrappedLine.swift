import LedgerCore
import LedgerInput

/// An event's line that a mail program broke: what was read of it so far, until the rest comes.
struct WrappedLine {
  /// An event of which all but the body was read; offsets are those in `bytes`.
  struct Known {
    var row: Int
    var event: Event
    var context: LineContext
  }

  /// Into more pieces no program breaks a line.
  private static let pieceLimit = 4

  /// The bytes of all pieces with a space between them, and the padding of a block.
  private(set) var bytes: [UInt8]
  /// Bytes in front of the padding.
  private(set) var end: Int
  /// Set when the event is counted and only its body is not complete.
  var known: Known?
  /// Only looks like the start of an event.
  var isUnsure = false
  /// Where it stands in the text.
  var line: UInt64 = 0
  private var pieces = 1

  /// Marks an event whose bytes are to be kept.
  init() {
    bytes = []
    end = 0
  }

  /// The first piece, with offsets counted from `start`.
  init(_ span: RawSpan, from start: Int, to end: Int) {
    bytes = []
    self.end = 0
    append(span, start, end)
  }

  /// Adds the next line; false when it cannot belong to the event any more.
  mutating func add(_ span: RawSpan, from start: Int, to end: Int) -> Bool {
    guard pieces < Self.pieceLimit, self.end &+ end &- start < 4096 else { return false }
    pieces &+= 1
    bytes.removeLast(bytes.count &- self.end)
    bytes.append(0x20)
    append(span, start, end)
    return true
  }

  private mutating func append(_ span: RawSpan, _ start: Int, _ end: Int) {
    for offset in start..<end { bytes.append(span.u8(offset)) }
    self.end = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: TextBlocks.padding))
  }

  /// True for the start of a context that lacks its time: `comm-pid [001] d..1.`
  static func isStart(_ bytes: RawSpan, from start: Int, to end: Int) -> Bool {
    guard let bracket = bytes.firstOffset(of: 0x5b, from: start, to: min(end, start &+ 128)) else {
      return false
    }
    var cursor = LineCursor(bytes, from: bracket, to: end)
    guard cursor.skipCPU() else { return false }
    var context = LineContext()
    guard context.readTask(bytes, from: start, to: bracket) else { return false }
    cursor.skipSpaces()
    if cursor.isAtEnd { return true }
    guard LineContext.isFlags(cursor) else { return false }
    return true
  }
}
