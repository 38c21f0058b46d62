import LedgerCore

/// Bytes that the parts of a page may still take; what does not fit is left out by rank, and the page says so.
struct PageBudget {
  /// Rows of the list of findings.
  var rows: Int
  /// Evidence, ranges and advice.
  var details: Int
  /// Findings as plain HTML.
  var plain: Int

  /// Bytes that heads and tables take, roughly and rather more.
  static func tables(_ analyses: [Analysis]) -> Int {
    analyses.reduce(8_000) { sum, analysis in
      sum + 3_000 + analysis.rules.count * 300 + analysis.losses.count * 400
        + min(analysis.capture.events.count, 1000) * 160 + analysis.explained.count * 300
    }
  }

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

/// What a page's size means to those who open it.
public enum PageWeight {
  private static let mebibyte = 1 << 20

  /// A warning about pages beyond 10 MB, which is what `--html-max-size` allows by default, and a stronger one beyond 50 MB; nil
  /// for others.
  public static func warning(bytes: Int) -> String? {
    let size = "the page has \((bytes + mebibyte / 2) / mebibyte) MB"
    if bytes > 50 * mebibyte {
      return "\(size): beyond 50 MB many browsers and viewers give up; lower --html-max-size"
    }
    return bytes > 10 * mebibyte ? "\(size): beyond 10 MB browsers take seconds to open it" : nil
  }
}
