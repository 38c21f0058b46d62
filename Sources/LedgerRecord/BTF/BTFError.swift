/// Why bytes are no type information that can be used.
public enum BTFError: Error, Sendable, Equatable {
  /// They do not begin as BTF does (include/uapi/linux/btf.h).
  case notBTF
  /// A section lies outside the file, or a type outside its section; with the offset.
  case malformed(offset: Int)
  /// More types than any kernel has.
  case tooLarge

  /// A few words for a terminal.
  public var message: String {
    switch self {
    case .notBTF: "not BTF (type information of a kernel)"
    case .malformed(let offset): "the type information is damaged at offset \(offset)"
    case .tooLarge: "the type information is larger than any kernel's"
    }
  }
}
