import LedgerCore

/// Strings of a page, each stored once and named by its place.
struct PageStrings {
  private(set) var all: [String] = []
  /// Bytes that the strings take, quotes included.
  private(set) var size = 0
  private var places: [String: Int] = [:]

  /// Stands in a title for the finding's own page, so that titles that differ in nothing else are stored once.
  static let frameMark = "\u{e000}"

  /// The place of a title of a finding about a page.
  mutating func place(_ title: String, about frame: UInt64?) -> Int {
    guard let frame else { return place(title) }
    return place(title.replacing(hex(frame), with: Self.frameMark))
  }

  /// The place of a string, shown as text.
  mutating func place(_ text: String) -> Int {
    if let known = places[text] { return known }
    let shown = text.shownWhole
    let place = all.count
    places[text] = place
    all.append(shown)
    size += shown.utf8.count + 3
    return place
  }
}
