/// A value of a JSON document.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// An integer that is not negative.
  case number(UInt64)
  /// Any other number, as it stands in the document.
  case other(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The value of a member; nil when this is no object or has no such member.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string.
  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// An integer that is not negative.
  public var count: UInt64? {
    if case .number(let number) = self { number } else { nil }
  }

  /// Any integer.
  public var integer: Int64? {
    switch self {
    case .number(let number): Int64(exactly: number)
    case .other(let text): Int64(text)
    default: nil
    }
  }

  /// `true` or `false`.
  public var flag: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  /// The elements of an array.
  public var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members of an object, in the order of the document.
  public var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The strings of an array; others are left out.
  public var texts: [String] { elements?.compactMap(\.text) ?? [] }
}

/// A name and its value in a JSON object.
public struct JSONMember: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The value.
  public var value: JSONValue
  /// The line on which the name stands, from 1.
  public var line: Int
}

/// Why bytes are no JSON.
public struct JSONError: Error, Sendable, Equatable {
  /// The line, from 1; 0 when the bytes could not be had at all.
  public var line: Int
  /// In words: lower case, no final period.
  public var reason: String

  /// An error with its place.
  public init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }

  /// `a.json: line 3: a comma is missing`.
  public func message(in path: String) -> String {
    line == 0 ? reason : "\(path): line \(line): \(reason)"
  }
}
