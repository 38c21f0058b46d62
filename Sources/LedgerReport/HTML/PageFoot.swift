import LedgerCore
import LedgerInput

/// The foot of the page: who wrote it, from what, and how to do it again.
struct PageFoot {
  let options: PageOptions
  let inputs: [InputDigest]

  /// Inputs that are listed.
  private static let inputLimit = 100

  func write(to html: inout HTMLWriter) {
    html.raw("<footer class=\"foot\"><dl class=\"pairs\">")
    var written = options.version
    if options.ruleSet > 0 { written += ", rule set \(options.ruleSet)" }
    if !options.manual.isEmpty {
      written += ", " + NumberText.counted(UInt64(options.manual.count), "rule")
    }
    pair("Written by", written, &html)
    if !options.command.isEmpty { pair("Command", options.command, code: true, &html) }
    for input in inputs.prefix(Self.inputLimit) {
      pair("Input", Self.words(input), &html)
      pair("sha256", input.sha256, code: true, &html)
    }
    if inputs.count > Self.inputLimit {
      pair("Inputs", "\(inputs.count - Self.inputLimit) more", &html)
    }
    html.raw("</dl><p>This page holds all it shows and asks no network.</p></footer>\n")
  }

  private static func words(_ input: InputDigest) -> String {
    let size = NumberText.counted(input.bytes, "byte")
    guard let files = input.files else { return "\(input.path), \(size)" }
    return
      "\(input.path), \(NumberText.counted(UInt64(files), "file")), \(size); checksum of their "
      + "sha256sum list"
  }

  private func pair(_ label: String, _ words: String, code: Bool = false, _ html: inout HTMLWriter)
  {
    html.raw("<div>")
    html.element("dt", label)
    html.element("dd", words, class: code ? "mono" : "")
    html.raw("</div>")
  }
}
