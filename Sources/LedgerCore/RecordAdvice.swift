/// The line to run so that rules can decide next time.
public enum RecordAdvice {
  /// More rules than this are not listed: recording for all costs little more.
  private static let limit = 10

  /// `pageledger record --for PL010 -- COMMAND`; nil when no rule is silent.
  public static func line(for rules: [RuleReport]) -> String? {
    let ids = rules.filter { $0.status == .undecidable || $0.status == .notRecorded }.map(\.id)
    guard !ids.isEmpty else { return nil }
    let words = ids.count > limit ? "all" : ids.joined(separator: ",")
    return "pageledger record --for \(words) -- COMMAND"
  }
}
