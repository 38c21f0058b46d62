/// A pattern in which `*` stands for any characters and `?` for one; the rest stands for itself.
public struct Glob: Sendable {
  private let pattern: [UInt8]

  /// A pattern as the user wrote it.
  public init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// True when the whole name fits. Takes at most the product of both lengths in steps.
  public func matches(_ name: String) -> Bool {
    let text = Array(name.utf8)
    var (at, position) = (0, 0)
    var (star, resume) = (-1, 0)
    while position < text.count {
      if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
        (star, resume) = (at, position)
        at += 1
      } else if at < pattern.count,
        pattern[at] == UInt8(ascii: "?") || pattern[at] == text[position]
      {
        at += 1
        position += 1
      } else if star >= 0 {
        resume += 1
        (at, position) = (star + 1, resume)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
