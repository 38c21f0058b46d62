public import LedgerCore

/// Writes the difference of two runs for people.
public struct DifferenceText {
  private let style: TextStyle

  /// A writer with a style.
  public init(style: TextStyle = .plain) { self.style = style }

  /// The whole report, ending in a newline.
  public func render(_ difference: Difference) -> String {
    var page = TextPage()
    let counts = [
      (difference.new, "new"), (difference.known, "known"), (difference.fixed, "fixed"),
      (difference.unjudged, "unjudged"),
    ].map { "\($0.count) \($1)" }
    page.paragraph(
      "\(difference.earlier) to \(difference.later): ".escapedForTerminal
        + counts.joined(separator: ", "), indent: 0)
    let text = ComparisonText(style: style)
    text.list("New", difference.new, on: &page)
    if !difference.unseen.isEmpty {
      page.paragraph(
        "\(difference.unseen.count) of them could not be seen in \(difference.earlier)"
          .escapedForTerminal, label: "  ", indent: 2)
    }
    text.list("Fixed", difference.fixed, on: &page)
    text.list(
      "Unjudged: not found, and their rules could not decide", difference.unjudged, on: &page)
    text.list("Known", difference.known, on: &page)
    return page.text
  }
}
