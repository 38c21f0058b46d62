/// Writes XML 1.0 into a buffer, with escapes by construction and one element a line.
///
/// What XML forbids (control characters, U+FFFE, U+FFFF) is spelled out or replaced, so that any text gives a document.
struct XMLWriter {
  private(set) var bytes: [UInt8] = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
  private var depth = 0

  /// An element with attributes in the order given and what `body` writes.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:],
    _ body: (inout XMLWriter) -> Void
  ) {
    open(name, attributes)
    append(">\n")
    depth += 1
    body(&self)
    depth -= 1
    indent()
    append("</\(name)>\n")
  }

  /// An element with text, or an empty one.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String = ""
  ) {
    open(name, attributes)
    guard !text.isEmpty else {
      append("/>\n")
      return
    }
    append(">")
    escape(text, isAttribute: false)
    append("</\(name)>\n")
  }

  private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
    indent()
    append("<\(name)")
    for (key, value) in attributes {
      append(" \(key)=\"")
      escape(value, isAttribute: true)
      append("\"")
    }
  }

  private mutating func indent() { append(String(repeating: "  ", count: depth)) }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func escape(_ text: String, isAttribute: Bool) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": append("&amp;")
      case "<": append("&lt;")
      case ">": append("&gt;")
      case "\"": append("&quot;")
      case "\n" where !isAttribute: bytes.append(0x0a)
      case "\u{fffe}", "\u{ffff}": append("\u{fffd}")
      case _ where isHostileToTerminals(scalar): append(String(scalar).escapedForTerminal)
      default: bytes.append(contentsOf: scalar.utf8)
      }
    }
  }
}
