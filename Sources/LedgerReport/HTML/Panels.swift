/// The views of a page's part and the links between them: those of a capture, or of a batch, which has number 0.
extension HTMLWriter {
  /// A link to each view, with how much there is to see where that is a number.
  mutating func tabs(_ parts: [(String, String, String)], of number: Int) {
    for (name, title, count) in parts {
      raw("<a data-view=\"")
      text(name)
      raw("\" href=\"#c")
      text("\(number)-\(name)")
      raw("\">")
      text(title)
      if !count.isEmpty {
        raw(" ")
        element("span", count, class: "count")
      }
      raw("</a>")
    }
  }

  /// One view.
  mutating func panel(
    _ name: String, _ title: String, of number: Int, _ body: (inout HTMLWriter) -> Void
  ) {
    raw("<section class=\"panel\" data-view=\"")
    text(name)
    raw("\" id=\"c")
    text("\(number)-\(name)")
    raw("\">\n")
    element("h2", title, class: "panel-title")
    body(&self)
    raw("</section>\n")
  }
}
