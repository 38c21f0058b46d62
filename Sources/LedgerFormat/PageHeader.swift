/// The layout of a sub-buffer, from `events/header_page` (kernel/trace/ring_buffer.c:ring_buffer_print_page_header, 6.1).
public struct PageHeader: Sendable, Equatable {
  /// Bytes of a kernel `long`, 4 or 8: the size of the commit word.
  public var long: Int
  /// Where the events start.
  public var data: Int
  /// Bytes of a whole sub-buffer.
  public var size: Int

  /// The layout of a 64-bit kernel with sub-buffers of `size` bytes.
  public init(size: Int = 4096, long: Int = 8) {
    self.long = long
    self.data = 8 + long
    self.size = size
  }

  /// Reads the text of `header_page`; nil when it does not describe a possible sub-buffer.
  public init?(text: [UInt8]) {
    self.init()
    var found = 0
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let line = line.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      guard let rest = line.after("field"), let field = FormatField(line: rest) else { continue }
      if field.name == "commit" {
        long = field.size
        found += 1
      } else if field.name == "data" {
        data = field.offset
        size = field.offset + field.size
        found += 1
      }
    }
    guard found == 2, long == 4 || long == 8, data >= 8 + long, data <= 64, size > data else {
      return nil
    }
  }
}
