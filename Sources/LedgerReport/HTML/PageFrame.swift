import LedgerCore
import LedgerInput

/// What is around every page: its head with the style, its end with the data and the script.
enum PageFrame {
  private static let style = [UInt8(ascii: "\n")] + PageParts.style
  private static let script = [UInt8(ascii: "\n")] + PageParts.script

  /// Bytes of style and script.
  static var size: Int { style.count + script.count }

  /// Everything up to the page's own parts; `bar` stands at the top, whatever is shown.
  static func head(title: String, bar: String, _ html: inout HTMLWriter) {
    html.raw(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <link rel="icon" href="data:,">

      """)
    html.element("title", title)
    policy(&html)
    html.raw("\n<style>")
    html.raw(style)
    html.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the findings</a>\n")
    html.raw("<header class=\"bar\"><span class=\"brand\">PageLedger</span>")
    html.raw("<span class=\"bar-capture\" id=\"bar-capture\">")
    html.text(bar)
    html.raw("</span><span class=\"bar-tools\" id=\"bar-tools\"></span></header>\n")
  }

  /// The policy for servers that allow nothing inline unless its checksum is named.
  private static func policy(_ html: inout HTMLWriter) {
    html.raw(
      "\n<!-- Content-Security-Policy without 'unsafe-inline': default-src 'none'; img-src data:; ")
    for (name, part) in [("script-src", script), ("style-src", style)] {
      var sum = SHA256()
      sum.update(part)
      html.raw(Array("\(name) '\(sum.policySource)'; ".utf8))
    }
    html.raw("-->")
  }

  /// The two documents and the script; both are JSON.
  static func end(summary: [UInt8], data: [UInt8], _ html: inout HTMLWriter) {
    html.raw("<script type=\"application/json\" id=\"pageledger-summary\">")
    html.script(json: summary)
    html.raw("</script>\n<script type=\"application/json\" id=\"pageledger-data\">")
    html.script(json: data)
    html.raw("</script>\n<script>")
    html.raw(script)
    html.raw("</script>\n</body>\n</html>\n")
  }

  /// What the script reads: the manual and an object a capture.
  static func document(_ manual: [UInt8], _ captures: [[UInt8]]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("schema", "pageledger.page/1")
      writer.key("manual")
      writer.raw(manual)
      writer.key("captures")
      writer.array { writer in for capture in captures { writer.raw(capture) } }
    }
    return writer.bytes
  }

  /// What the manual says of the rules that are used.
  static func manual(_ manual: [RuleManual], used: Set<String>) -> [UInt8] {
    JSONWriter.bytes { writer in
      for rule in manual where used.contains(rule.id) { write(rule, to: &writer) }
    }
  }

  private static func write(_ rule: RuleManual, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("id", rule.id)
      writer.member("name", rule.name)
      writer.member("summary", rule.summary)
      writer.key("sections")
      writer.array { writer in
        for section in rule.sections {
          writer.value(section.title)
          writer.value(section.words)
        }
      }
      writer.member("example", rule.example)
    }
  }
}
