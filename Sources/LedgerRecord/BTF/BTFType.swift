/// Kinds of types, by their numbers in the file. include/uapi/linux/btf.h, 6.12
enum BTFKind: UInt32 {
  case int = 1
  case pointer = 2
  case array = 3
  case structure = 4
  case union = 5
  case enumeration = 6
  case forward = 7
  case typedef = 8
  case volatile = 9
  case const = 10
  case restrict = 11
  case function = 12
  case prototype = 13
  case variable = 14
  case section = 15
  case float = 16
  case declarationTag = 17
  case typeTag = 18
  case wideEnumeration = 19

  /// Bytes behind the three words that every type has, for `count` members.
  func tail(_ count: Int) -> Int {
    switch self {
    case .int, .variable, .declarationTag: 4
    case .array: 12
    case .structure, .union, .section, .wideEnumeration: count &* 12
    case .enumeration, .prototype: count &* 8
    case .pointer, .forward, .typedef, .volatile, .const, .restrict, .function, .float, .typeTag: 0
    }
  }

  /// A name or a qualifier in front of another type.
  var isWrapping: Bool {
    switch self {
    case .typedef, .volatile, .const, .restrict, .typeTag: true
    default: false
    }
  }

  /// Kinds that are looked up by name.
  var isNamed: Bool {
    switch self {
    case .structure, .union, .typedef, .function: true
    default: false
    }
  }
}

/// The three words that every type begins with.
struct BTFHead {
  var name: UInt32
  var kind: BTFKind
  /// The top bit of the second word: members of a struct have widths in bits.
  var flag: Bool
  var count: Int
  /// Size in bytes, or the number of another type.
  var sizeOrType: UInt32

  init?(name: UInt32, info: UInt32, third: UInt32) {
    guard let kind = BTFKind(rawValue: info >> 24 & 0x1f) else { return nil }
    self.name = name
    self.kind = kind
    flag = info >> 31 == 1
    count = Int(info & 0xffff)
    sizeOrType = third
  }
}

/// What a struct's member is, counted from the start of the struct that was asked.
public struct BTFPlace: Sendable, Equatable {
  /// Bytes from the start.
  public var offset: Int
  /// Bytes that it takes; 0 when it is of no known size.
  public var size: Int
  /// It is a pointer.
  public var isPointer: Bool
  /// Signed where it is an integer.
  public var isSigned: Bool
  /// Number of its type.
  public var type: UInt32
}

/// A parameter of a function.
public struct BTFParameter: Sendable, Equatable {
  /// Empty where the function's prototype does not name it.
  public var name: String
  /// Number of its type.
  public var type: UInt32
}
