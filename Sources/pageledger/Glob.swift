/// A pattern in which `*` stands for any characters and `?` for one; the rest stands for itself.
struct Glob {
  private let pattern: [UInt8]

  init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// True when the whole name fits. Takes at most the product of both lengths in steps.
  func matches(_ name: String) -> Bool {
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
