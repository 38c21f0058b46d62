import ArgumentParser
import LedgerCore
import LedgerReport
import LedgerRules

/// `pageledger rules`: what is checked, and what one rule means.
struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "List the rules, or explain one.",
    usage: "pageledger rules [ID]",
    discussion: """
        pageledger rules
        pageledger rules PL010
      """)

  @Argument(help: "A rule, such as PL010.")
  var id: String?

  func run() throws {
    var page = TextPage()
    if let id {
      Self.explain(try Self.rule(id), on: &page)
    } else {
      Self.list(on: &page)
    }
    var output = Output()
    output.write(Array(page.text.utf8))
    try output.close().exit()
  }

  private static func rule(_ id: String) throws -> RuleDescription {
    let wanted = id.uppercased()
    guard let rule = RuleCatalog.all.first(where: { $0.id.uppercased() == wanted }) else {
      let known = RuleCatalog.all.map(\.id).joined(separator: ", ")
      throw ValidationError("unknown rule '\(id)'; known: \(known)")
    }
    return rule
  }

  private static func list(on page: inout TextPage) {
    for rule in RuleCatalog.all {
      let severity = rule.severity.rawValue
      page.line("\(rule.id)  " + severity + blanks(10 - severity.count) + rule.name)
    }
  }

  private static func explain(_ rule: RuleDescription, on page: inout TextPage) {
    page.line("\(rule.id)  \(rule.name) (\(rule.severity.rawValue))")
    page.line()
    page.paragraph(rule.summary, indent: 2)
    for (title, words) in rule.manual.sections {
      page.line()
      page.line(title)
      page.paragraph(words, indent: 2)
    }
    guard !rule.example.isEmpty else { return }
    page.line()
    page.line("Example")
    for row in rule.example.split(separator: "\n", omittingEmptySubsequences: false) {
      page.line("  " + row)
    }
  }

  private static func blanks(_ count: Int) -> String {
    String(repeating: " ", count: max(0, count))
  }
}
