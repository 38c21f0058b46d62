public import LedgerCore

/// What the report's readers are told about a rule: the text behind `pageledger rules`, without the rule.
public struct RuleManual: Sendable {
  /// `PL010`.
  public var id: String
  /// A few words.
  public var name: String
  /// How much its findings weigh at most; nil when it is not known.
  public var severity: Severity?
  /// One sentence.
  public var summary: String
  /// Headed paragraphs in the order in which they are read; those without words are left out.
  public var sections: [(title: String, words: String)]
  /// A short chain of events as they show in a capture.
  public var example: String

  /// The text of one rule.
  public init(
    id: String, name: String, severity: Severity? = nil, summary: String,
    sections: [(title: String, words: String)], example: String
  ) {
    self.id = id
    self.name = name
    self.severity = severity
    self.summary = summary
    self.sections = sections.filter { !$0.words.isEmpty }
    self.example = example
  }
}
