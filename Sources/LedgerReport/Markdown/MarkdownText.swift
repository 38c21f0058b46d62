/// Text of any origin as Markdown that shows it and does nothing else.
enum MarkdownText {
  /// Words between other words: no markup, no mention of people, no link.
  static func plain(_ words: String) -> String {
    var result = ""
    for scalar in words.shownWhole.unicodeScalars {
      switch scalar {
      case "\\", "`", "*", "_", "{", "}", "[", "]", "#", "|", "~", "$":
        result += "\\" + String(scalar)
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "@": result += "&#64;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    // An address would become a link.
    return result.replacing("://", with: "&#58;//").replacing("www.", with: "www&#46;")
  }

  /// Words inside a line of HTML, where Markdown does not look.
  static func html(_ words: String) -> String {
    var result = ""
    for scalar in words.shownWhole.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "@": result += "&#64;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A code span; fences of the words themselves are outnumbered.
  static func code(_ words: String) -> String {
    let shown = words.shownWhole
    let fence = String(repeating: "`", count: longestRun(of: "`", in: shown) + 1)
    let pad = shown.hasPrefix("`") || shown.hasSuffix("`") ? " " : ""
    return fence + pad + shown + pad + fence
  }

  /// Rows for a fenced block, and a fence that none of them can close.
  static func block(_ rows: [String]) -> String {
    let shown = rows.map(\.shownWhole)
    let longest = shown.map { longestRun(of: "`", in: $0) }.max() ?? 0
    let fence = String(repeating: "`", count: max(3, longest + 1))
    return fence + "text\n" + shown.joined(separator: "\n") + "\n" + fence + "\n"
  }

  /// A code span inside a table cell, where bars end cells even in code.
  static func cell(code words: String) -> String {
    code(words).replacing("|", with: "\\|")
  }

  private static func longestRun(of character: Unicode.Scalar, in words: String) -> Int {
    var longest = 0
    var run = 0
    for scalar in words.unicodeScalars {
      run = scalar == character ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}
