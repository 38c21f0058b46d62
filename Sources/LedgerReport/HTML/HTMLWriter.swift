/// Writes HTML into a buffer; every text goes through `text` or an attribute and cannot become markup.
struct HTMLWriter {
  /// Scalars of a text that are written; the rest is counted.
  static let textLimit = 4000
  private(set) var bytes: [UInt8] = []

  /// Writes markup of the report itself.
  mutating func raw(_ markup: StaticString) {
    bytes.append(contentsOf: markup.description.utf8)
  }

  /// Writes bytes that are markup or scripts already.
  mutating func raw(_ markup: [UInt8]) { bytes.append(contentsOf: markup) }

  /// Writes text of any origin.
  mutating func text(_ words: String) {
    for byte in words.shownWhole.utf8 {
      switch byte {
      case UInt8(ascii: "<"): raw("&lt;")
      case UInt8(ascii: ">"): raw("&gt;")
      case UInt8(ascii: "&"): raw("&amp;")
      case UInt8(ascii: "\""): raw("&quot;")
      case UInt8(ascii: "'"): raw("&#39;")
      default: bytes.append(byte)
      }
    }
  }

  /// Writes an element without children but text.
  mutating func element(_ name: StaticString, _ words: String, class kind: String = "") {
    open(name, class: kind)
    text(words)
    close(name)
  }

  /// Writes an element whose start tag has attributes of the report's own.
  mutating func element(_ start: StaticString, _ name: StaticString, _ words: String) {
    open(start)
    text(words)
    close(name)
  }

  /// Writes a start tag.
  mutating func open(_ name: StaticString, class kind: String = "", id: String = "") {
    raw("<")
    raw(name)
    attribute("class", kind)
    attribute("id", id)
    raw(">")
  }

  /// Writes an end tag.
  mutating func close(_ name: StaticString) {
    raw("</")
    raw(name)
    raw(">")
  }

  /// Writes JSON so that nothing in it can end the script element around it.
  mutating func script(json: [UInt8]) {
    for byte in json {
      if byte == UInt8(ascii: "<") { raw("\\u003c") } else { bytes.append(byte) }
    }
  }

  private mutating func attribute(_ name: StaticString, _ value: String) {
    guard !value.isEmpty else { return }
    raw(" ")
    raw(name)
    raw("=\"")
    text(value)
    raw("\"")
  }
}

extension String {
  /// The text with controls spelled out, cut where nobody reads on.
  var shownWhole: String {
    guard utf8.count > HTMLWriter.textLimit else { return escapedForTerminal }
    let scalars = unicodeScalars
    guard scalars.count > HTMLWriter.textLimit else { return escapedForTerminal }
    var cut = String.UnicodeScalarView()
    cut.append(contentsOf: scalars.prefix(HTMLWriter.textLimit))
    let rest = UInt64(scalars.count - HTMLWriter.textLimit)
    return String(cut).escapedForTerminal + "\u{2026} (\(NumberText.grouped(rest)) more characters)"
  }
}
