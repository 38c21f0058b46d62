/// Lines of a list of the kernel, in words.
///
/// A kernel has 200,000 symbols and we ask for some eighty: text is made for those lines only.
enum WordLines {
  /// Gives the words, four at most, of each line whose word `place` is one of `wanted`; of all lines when that is nil.
  static func each(
    of text: [UInt8], word place: Int = 0, in wanted: Set<String>? = nil, _ body: ([String]) -> Void
  ) {
    let hashes = wanted.map { Set($0.map { hash($0.utf8) }) }
    let bytes = text.span
    var words: [Range<Int>] = []
    var start = -1
    for at in 0...bytes.count {
      let byte = at < bytes.count ? bytes[at] : 0x0a
      guard byte <= 0x20 else {
        if start < 0 { start = at }
        continue
      }
      if start >= 0, words.count < 4 { words.append(start..<at) }
      start = -1
      guard byte == 0x0a else { continue }
      if place < words.count, hashes?.contains(hash(bytes, words[place])) ?? true {
        let line = words.map { String(decoding: text[$0], as: UTF8.self) }
        if wanted?.contains(line[place]) ?? true { body(line) }
      }
      words.removeAll(keepingCapacity: true)
    }
  }

  private static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var hash = seed
    for at in range { hash = (hash ^ UInt64(bytes[at])) &* prime }
    return hash
  }

  private static func hash(_ bytes: String.UTF8View) -> UInt64 {
    bytes.reduce(seed) { ($0 ^ UInt64($1)) &* prime }
  }

  private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
  private static let prime: UInt64 = 0x100_0000_01b3
}
