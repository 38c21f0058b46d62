/// Lines of text, at most 100 columns wide where the words allow it.
public struct TextPage {
  /// Columns that a line may use.
  static let width = 100
  /// What was added, each line ending in a newline.
  public private(set) var text = ""

  /// An empty page.
  public init() {}

  /// Adds a line as it is, without trailing blanks.
  public mutating func line(_ content: String = "") {
    text += content
    while text.last == " " { text.removeLast() }
    text += "\n"
  }

  /// Adds words after a label, broken at blanks, with later lines below the first word.
  public mutating func paragraph(_ words: String, label: String = "", indent: Int) {
    guard !words.isEmpty else { return }
    let margin = String(repeating: " ", count: indent)
    var prefix = label.padded(right: indent)
    for row in Self.wrap(words, columns: Self.width - indent) {
      line(prefix + row)
      prefix = margin
    }
  }

  /// Breaks words at blanks into rows of at most `columns`; a longer word gets a row of its own.
  static func wrap(_ words: String, columns: Int) -> [String] {
    var rows: [String] = []
    var row = ""
    var used = 0
    for word in words.split(separator: " ") {
      let length = word.unicodeScalars.count
      if used > 0, used + 1 + length > columns {
        rows.append(row)
        (row, used) = ("", 0)
      }
      row += used > 0 ? " " + word : String(word)
      used += (used > 0 ? 1 : 0) + length
    }
    if !row.isEmpty { rows.append(row) }
    return rows
  }
}
