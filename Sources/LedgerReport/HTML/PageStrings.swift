/// Strings of a page, each stored once and named by its place.
struct PageStrings {
  private(set) var all: [String] = []
  /// Bytes that the strings take, quotes included.
  private(set) var size = 0
  private var places: [String: Int] = [:]

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
