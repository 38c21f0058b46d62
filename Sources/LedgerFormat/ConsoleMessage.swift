internal import LedgerInput

/// Where the text of `printk:console` lies, or that of a mark which user space wrote: include/trace/events/printk.h,
/// kernel/trace/trace_entries.h (print), 5.4 to 7.1.
public struct ConsoleMessage: Sendable {
  /// The format's place among the capture's formats.
  public let format: Int
  private let field: FormatField
  private let bigEndian: Bool

  /// Longest text that is taken, in bytes.
  private static let limit = 1024

  /// Nil when the capture does not hold such events; `isMark` asks for `ftrace:print`.
  public init?(_ formats: [EventFormat], bigEndian: Bool, isMark: Bool = false) {
    let (system, name, text) = isMark ? ("ftrace", "print", "buf") : ("printk", "console", "msg")
    let place = formats.firstIndex { $0.system == system && $0.name == name }
    guard let place, let field = formats[place].field(text) else { return nil }
    format = place
    self.field = field
    self.bigEndian = bigEndian
  }

  /// The text of the record of `count` bytes at `start`, which lies within `bytes`; nil when it has none.
  public func text(_ bytes: RawSpan, at start: Int, count: Int) -> String? {
    let place: Int
    var length: Int
    switch field.shape {
    case .located, .relative:
      guard field.offset >= 0, field.offset <= count &- 4 else { return nil }
      let raw = bytes.u32(start &+ field.offset)
      let word = bigEndian ? raw.byteSwapped : raw
      let origin = field.shape == .relative ? field.offset &+ 4 : 0
      place = origin &+ Int(word & 0xffff)
      length = Int(word >> 16)
    default:
      place = field.offset
      length = count
    }
    guard place >= 0, place < count else { return nil }
    length = min(length, count &- place, Self.limit)
    var letters: [UInt8] = []
    for at in place..<(place &+ length) {
      let byte = bytes.u8(start &+ at)
      guard byte != 0, byte != 0x0a else { break }
      letters.append(byte)
    }
    return letters.isEmpty ? nil : String(decoding: letters, as: UTF8.self)
  }
}
