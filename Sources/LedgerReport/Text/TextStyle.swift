/// How a text is dressed: colours on a terminal, nothing elsewhere.
public struct TextStyle: Sendable {
  private let coloured: Bool

  private init(coloured: Bool) { self.coloured = coloured }

  /// Characters only.
  public static let plain = TextStyle(coloured: false)
  /// ANSI escape sequences (ECMA-48 SGR).
  public static let ansi = TextStyle(coloured: true)

  /// What a piece of text means; the colour follows from it.
  public enum Tone: String, Sendable {
    case good = "32"
    case bad = "1;31"
    case warning = "33"
    case strong = "1"
    case faint = "2"
  }

  /// The text in the colour of its meaning; escapes nothing.
  public func paint(_ text: String, _ tone: Tone) -> String {
    coloured ? "\u{1b}[\(tone.rawValue)m\(text)\u{1b}[0m" : text
  }
}

/// How much of an analysis a text report prints.
public enum TextDetail: Sendable {
  /// Verdict, findings with their evidence, gaps, totals.
  case full
  /// The verdict and one line for each finding.
  case titles
}
