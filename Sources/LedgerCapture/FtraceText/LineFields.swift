import LedgerCore
import LedgerInput

/// The fields of a line for people: `name=value` pairs wherever they stand in the body.
enum LineFields {
  /// How many fields of a line are kept.
  private static let limit = 256

  /// Name, comm, fields and body of an event line.
  static func detail(
    _ bytes: RawSpan, name: String, kind: EventKind, context: LineContext, end: Int
  ) -> EventDetail {
    var detail = EventDetail(
      name: name, system: EventNames.isTracepoint(kind) ? kind.group : "",
      comm: bytes.text(from: context.commStart, to: min(context.commEnd, context.commStart &+ 64)))
    var line = LineCursor(bytes, from: context.body, to: end)
    line.skipSpaces()
    let mark = StaticText(name + ":")
    if line.starts(with: mark) {
      line.at &+= mark.count
      line.skipSpaces()
    }
    detail.body = bytes.text(from: line.at, to: end)
    readFields(&line, into: &detail)
    return detail
  }

  private static func readFields(_ line: inout LineCursor, into detail: inout EventDetail) {
    while detail.fields.count < limit {
      line.skipSpaces()
      guard !line.isAtEnd else { return }
      let start = line.at
      line.skipWord()
      guard let equals = line.bytes.firstOffset(of: 0x3d, from: start, to: line.at), equals > start
      else { continue }
      let name = line.bytes.text(from: start, to: equals)
      let value = value(line.bytes, equals &+ 1, line.at)
      detail.fields.append((name: name, value: value))
    }
  }

  private static func value(_ bytes: RawSpan, _ start: Int, _ end: Int) -> FieldValue {
    var cursor = LineCursor(bytes, from: start, to: end)
    if cursor.skipPrefix() {
      if let number = cursor.bareHex(), cursor.isAtEnd { return .hex(number) }
    } else {
      let isNegative = cursor.skip(0x2d)
      if let number = cursor.decimal(), cursor.isAtEnd {
        if !isNegative { return .unsigned(number) }
        if number <= Int64.max { return .signed(-Int64(number)) }
      }
    }
    return .string(bytes.text(from: start, to: end))
  }
}
