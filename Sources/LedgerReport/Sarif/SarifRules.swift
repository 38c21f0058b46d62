import LedgerCore

/// The rules of a run as SARIF describes them, with the text of the manual as help.
struct SarifRules {
  private let manual: [RuleManual]
  private var places: [String: Int] = [:]

  /// The rules of the manual, and those that only findings name.
  init(_ manual: [RuleManual], _ used: [String]) {
    var all = manual
    for (index, rule) in all.enumerated() { places[rule.id] = index }
    for id in used where places[id] == nil {
      places[id] = all.count
      all.append(RuleManual(id: id, name: id, summary: "", sections: [], example: ""))
    }
    self.manual = all
  }

  func index(_ id: String) -> Int { places[id] ?? -1 }

  func write(to writer: inout JSONWriter) {
    writer.key("rules")
    writer.array { writer in for rule in manual { write(rule, to: &writer) } }
  }

  private func write(_ rule: RuleManual, to writer: inout JSONWriter) {
    let summary = rule.summary.isEmpty ? rule.name : rule.summary
    writer.object { writer in
      writer.member("id", CIText.line(rule.id, limit: 200))
      writer.member("name", Self.name(rule))
      Self.text("shortDescription", CIText.line(rule.name), to: &writer)
      Self.text("fullDescription", CIText.line(summary), to: &writer)
      writer.key("help")
      writer.object { writer in
        writer.member("text", Self.plain(rule, summary))
        writer.member("markdown", Self.markdown(rule, summary))
      }
      if let level = rule.severity.map(SarifWords.level) {
        writer.key("defaultConfiguration")
        writer.object { $0.member("level", level) }
      }
      writer.key("properties")
      writer.object { writer in
        let tags = ["kernel", "memory"] + (rule.severity.map { [$0.rawValue] } ?? [])
        writer.member("tags", Array(tags.prefix(SarifLimits.tags)))
      }
    }
  }

  private static func text(_ key: String, _ words: String, to writer: inout JSONWriter) {
    writer.key(key)
    writer.object { $0.member("text", words) }
  }

  /// `KvmRefusedTailPages`: SARIF wants a name that reads as an identifier.
  private static func name(_ rule: RuleManual) -> String {
    let words = rule.name.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let name = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    return name.isEmpty ? CIText.line(rule.id, limit: 200) : name
  }

  private static func plain(_ rule: RuleManual, _ summary: String) -> String {
    var text = summary
    for section in rule.sections { text += "\n\n\(section.title)\n\(section.words)" }
    return rule.example.isEmpty ? text : text + "\n\nExample\n" + rule.example
  }

  private static func markdown(_ rule: RuleManual, _ summary: String) -> String {
    var text = MarkdownText.plain(summary)
    for section in rule.sections {
      text += "\n\n**\(section.title)**\n\n\(MarkdownText.plain(section.words))"
    }
    guard !rule.example.isEmpty else { return text }
    let rows = rule.example.split(separator: "\n", omittingEmptySubsequences: false)
    return text + "\n\n**Example**\n\n" + MarkdownText.block(rows.map(String.init))
  }
}

/// Words of findings as SARIF has them.
enum SarifWords {
  static func level(_ level: CILevel) -> String {
    switch level {
    case .error: "error"
    case .warning: "warning"
    case .note: "note"
    }
  }

  static func level(_ severity: Severity) -> String {
    switch severity {
    case .critical, .high: "error"
    case .medium, .low: "warning"
    case .info: "note"
    }
  }

  /// SARIF 2.1.0, 3.11.6: a bracket would begin a link.
  static func message(_ words: String) -> String {
    words.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
  }

  static func message(_ words: String, to writer: inout JSONWriter) {
    writer.key("message")
    writer.object { $0.member("text", message(words)) }
  }

  /// A `physicalLocation` member.
  static func physical(_ anchor: Anchor, to writer: inout JSONWriter) {
    writer.key("physicalLocation")
    writer.object { writer in
      writer.key("artifactLocation")
      writer.object { $0.member("uri", anchor.uri) }
      writer.key("region")
      writer.object { $0.member("startLine", anchor.line ?? 1) }
    }
  }
}
