/// One field of a record, as an event's format describes it.
public struct FormatField: Sendable, Equatable {
  /// How the bytes are to be taken.
  public enum Shape: Sendable, Equatable {
    /// A number of 1 to 8 bytes.
    case scalar
    /// An address.
    case pointer
    /// Elements in place; the declared size may be smaller than what the record holds.
    case array
    /// Four bytes that say where the elements lie: low half offset from the start of the record, high half length.
    case located
    /// The same, with the offset counted from the end of these four bytes.
    case relative
  }

  /// Name without brackets.
  public var name: String
  /// Type as declared, without brackets of the name.
  public var type: String
  /// From the start of the record, in bytes.
  public var offset: Int
  /// In bytes; 0 for an array that runs to the end of the record.
  public var size: Int
  /// The number has a sign.
  public var isSigned: Bool
  /// How its bytes are laid out.
  public var shape: Shape

  /// A field with all its parts.
  public init(
    name: String, type: String, offset: Int, size: Int, isSigned: Bool, shape: Shape
  ) {
    self.name = name
    self.type = type
    self.offset = offset
    self.size = size
    self.isSigned = isSigned
    self.shape = shape
  }

  /// The elements are characters.
  public var isText: Bool {
    (shape == .array || shape == .located || shape == .relative) && type.contains("char")
  }

  /// A kernel word that is no `long long`.
  public var isLong: Bool { type.contains("long") && !type.contains("long long") }

  /// Size of an element of an array, from the type's name; `long` is the kernel's.
  public func elementSize(long: Int) -> Int {
    if type.contains("*") || isLong || type.contains("cpumask") { return long }
    for (words, size) in Self.sizes where words.contains(where: type.contains) { return size }
    return 1
  }

  private static let sizes: [(words: [String], size: Int)] = [
    (["64", "long long"], 8), (["short", "16"], 2), (["char", "u8", "s8", "bool"], 1),
    (["int", "32", "enum", "unsigned"], 4),
  ]
}
