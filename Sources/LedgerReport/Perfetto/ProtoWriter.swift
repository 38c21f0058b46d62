/// Writes messages of protocol buffers: fields of varints, bytes and nested messages.
struct ProtoWriter {
  private(set) var bytes: [UInt8] = []

  /// A field of an integer, an enumeration or a truth value.
  mutating func field(_ number: UInt64, varint value: UInt64) {
    varint(number << 3)
    varint(value)
  }

  /// A signed integer as `int64` has it.
  mutating func field(_ number: UInt64, signed value: Int64) {
    field(number, varint: UInt64(bitPattern: value))
  }

  /// A string, shown whole.
  mutating func field(_ number: UInt64, _ text: String) {
    field(number, bytes: Array(text.shownWhole.utf8))
  }

  /// A nested message.
  mutating func message(_ number: UInt64, _ body: (inout ProtoWriter) -> Void) {
    var inner = ProtoWriter()
    body(&inner)
    field(number, bytes: inner.bytes)
  }

  /// Bytes, such as those of a message that is already written.
  mutating func field(_ number: UInt64, bytes content: [UInt8]) {
    varint(number << 3 | 2)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
}
