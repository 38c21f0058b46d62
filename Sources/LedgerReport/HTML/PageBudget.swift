/// Bytes that the parts of a page may still take; what does not fit is left out by rank, and the page says so.
struct PageBudget {
  /// Rows of the list of findings.
  var rows: Int
  /// Evidence, ranges and advice.
  var details: Int
  /// Findings as plain HTML.
  var plain: Int

  /// Shares of a whole page's size, in bytes.
  ///
  /// A hundred thousand rows need about 8 MB; evidence beyond 2 MB makes a page slow to open and is never read to the end.
  init(limit: UInt64) {
    let whole = Int(clamping: limit)
    rows = whole / 100 * 84
    details = min(whole / 12, 2_000_000)
    plain = min(whole / 24, 440_000)
  }
}
