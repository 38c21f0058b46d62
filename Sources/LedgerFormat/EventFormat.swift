/// The layout of one event's records, from its `format` file (kernel/trace/trace_events.c:f_show, 6.1).
public struct EventFormat: Sendable, Equatable {
  /// Trace group, from the container of the format.
  public var system: String
  /// Name of the event, as the kernel or the definer of a probe chose it.
  public var name: String
  /// Number that the records of this boot carry.
  public var id: Int
  /// Fields in declared order, the common ones first.
  public var fields: [FormatField]
  /// The words after `print fmt:`, unparsed.
  public var print: String

  /// A format with all its parts.
  public init(system: String, name: String, id: Int, fields: [FormatField], print: String) {
    self.system = system
    self.name = name
    self.id = id
    self.fields = fields
    self.print = print
  }

  /// The field with this name.
  public func field(_ name: String) -> FormatField? { fields.first { $0.name == name } }

  /// The fields that belong to the event itself.
  public var ownFields: [FormatField] { fields.filter { !$0.name.hasPrefix("common_") } }

  /// Reads the text of a `format` file; nil without a name, an id, or with an impossible field.
  public init?(text: [UInt8], system: String) {
    self.init(system: system, name: "", id: -1, fields: [], print: "")
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let line = line.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      if let rest = line.after("name:") {
        name = rest.trimmed
      } else if let rest = line.after("ID:") {
        id = rest.number.flatMap { Int(exactly: $0) } ?? -1
      } else if let rest = line.after("field") {
        guard let field = FormatField(line: rest) else { return nil }
        fields.append(field)
      } else if let rest = line.after("print fmt:") {
        print = rest.trimmed
      }
    }
    guard !name.isEmpty, (0...0xffff).contains(id) else { return nil }
  }
}

extension FormatField {
  /// Reads what follows the word `field`: `:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;`
  init?(line: ArraySlice<UInt8>) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let parts = line[(colon + 1)...].split(separator: UInt8(ascii: ";"))
    guard let declaration = parts.first else { return nil }
    var values: [Int?] = [nil, nil, nil]
    for part in parts.dropFirst() {
      let part = part.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      for (index, key) in ["offset:", "size:", "signed:"].enumerated() {
        guard let rest = part.after(key) else { continue }
        values[index] = rest.number.flatMap { Int(exactly: $0) }
      }
    }
    guard let offset = values[0], let size = values[1], offset <= 0xffff, size <= 1 << 26 else {
      return nil
    }
    self.init(
      declaration: declaration, offset: offset, size: size, isSigned: values[2] == 1)
  }

  /// Takes apart `__data_loc char[] name`, `struct page * page`, `unsigned long caller[8]`.
  private init?(declaration: ArraySlice<UInt8>, offset: Int, size: Int, isSigned: Bool) {
    var words = declaration.withoutBlanksAtEnd
    var isArray = false
    if words.last == UInt8(ascii: "]"), let open = words.lastIndex(of: UInt8(ascii: "[")) {
      words = words[..<open]
      isArray = true
    }
    let start = words.lastIndex(where: { !$0.isNameByte }).map { $0 + 1 } ?? words.startIndex
    let name = String(decoding: words[start...], as: UTF8.self)
    let type = String(decoding: words[..<start].withoutBlanksAtEnd, as: UTF8.self)
    guard !name.isEmpty else { return nil }
    let shape: Shape
    if type.hasPrefix("__data_loc") {
      shape = .located
    } else if type.hasPrefix("__rel_loc") {
      shape = .relative
    } else if isArray || type.hasSuffix("]") || size == 0 || size > 8 {
      shape = .array
    } else {
      shape = type.hasSuffix("*") ? .pointer : .scalar
    }
    self.init(
      name: name, type: type, offset: offset, size: size, isSigned: isSigned, shape: shape)
  }
}

extension UInt8 {
  /// May occur in a C name.
  var isNameByte: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
      || self == 0x5f || self == 0x24
  }
}

extension ArraySlice<UInt8> {
  /// The bytes behind `prefix`, nil when they start otherwise.
  func after(_ prefix: String) -> ArraySlice<UInt8>? {
    starts(with: prefix.utf8) ? dropFirst(prefix.utf8.count) : nil
  }

  /// The bytes up to the last that is not a space.
  var withoutBlanksAtEnd: ArraySlice<UInt8> {
    guard let last = lastIndex(where: { $0 != 0x20 }) else { return prefix(0) }
    return self[...last]
  }

  /// The bytes as text, without blanks at both ends.
  var trimmed: String {
    let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d }
    let start = drop(while: isBlank)
    guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(decoding: start[...last], as: UTF8.self)
  }

  /// The decimal number at the start, nil without digits or beyond 64 bits.
  var number: UInt64? {
    var value: UInt64 = 0
    var any = false
    for byte in drop(while: { $0 == 0x20 }) {
      guard (0x30...0x39).contains(byte) else { break }
      let (scaled, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(UInt64(byte - 0x30))
      if over || carry { return nil }
      value = sum
      any = true
    }
    return any ? value : nil
  }
}
