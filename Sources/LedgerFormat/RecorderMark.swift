/// What `pageledger record` writes into a trace by way of `trace_marker`.
public enum RecorderMark {
  /// Before the words of a filter.
  private static let filterPrefix = "pageledger: filter: "

  /// The words of a filter that kept events out; nil for other marks.
  public static func filter(in text: String) -> String? {
    guard text.hasPrefix(filterPrefix) else { return nil }
    let words = text.dropFirst(filterPrefix.count).prefix { $0 != "\n" }
    return words.isEmpty ? nil : String(words)
  }
}
