import LedgerInput

/// The trace text in a page that systrace made; everything else of the page is taken away, its newlines stay.
///
/// Newer pages hold the text as it is in `<script class="trace-data" type="application/text">`, older ones as a string of
/// JavaScript in `var linuxPerfData = "…\n\`, one line of text a line.
struct HtmlText {
  private enum Place { case page, script, string }

  private var place = Place.page
  /// A place with text was seen.
  private(set) var isFound = false
  /// The page holds a trace in a form that is not text.
  private(set) var holdsPacked = false

  /// True when the first bytes are those of a page.
  static func isPage(_ prefix: [UInt8]) -> Bool {
    var rest = prefix[...]
    if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
    rest = rest.drop { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
    let start = String(decoding: rest.prefix(16), as: UTF8.self).lowercased()
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
  }

  /// Leaves only text in the first `end` bytes of a block, which keeps its padding; returns the new end.
  mutating func strip(_ block: inout [UInt8], to end: Int) -> Int {
    var write = 0
    var at = 0
    while at < end {
      let newline = block.withRawSpan { $0.firstOffset(of: 0x0a, from: at, to: end) } ?? end
      let wasString = place == .string
      let kept = line(block, at, newline)
      for offset in kept {
        block[write] = block[offset]
        write &+= 1
      }
      if wasString || place == .string {
        unescape(&block, from: write &- kept.count, to: &write)
      }
      if newline < end {
        block[write] = 0x0a
        write &+= 1
      }
      at = newline &+ 1
    }
    block.removeSubrange(write..<end)
    return write
  }

  /// The part of a line that is text.
  private mutating func line(_ block: [UInt8], _ start: Int, _ end: Int) -> Range<Int> {
    switch place {
    case .page: return open(block, start, end)
    case .script:
      guard let close = find(Word.close, block, start, end) else { return start..<end }
      place = .page
      return start..<close
    case .string: return string(block, start, end)
    }
  }

  private mutating func open(_ block: [UInt8], _ start: Int, _ end: Int) -> Range<Int> {
    if let data = find(Word.data, block, start, end),
      let close = block.withRawSpan({ $0.firstOffset(of: 0x3e, from: data, to: end) })
    {
      place = .script
      isFound = true
      return line(block, close &+ 1, end)
    }
    if let data = find(Word.variable, block, start, end) {
      place = .string
      isFound = true
      return string(block, data &+ Word.variable.count, end)
    }
    if find(Word.packed, block, start, end) != nil { holdsPacked = true }
    return start..<start
  }

  /// A line of the string ends with `\n\`, the string with a quote.
  private mutating func string(_ block: [UInt8], _ start: Int, _ end: Int) -> Range<Int> {
    var at = start
    while at < end {
      if block[at] == 0x22 {
        place = .page
        return start..<at
      }
      let isEscape = block[at] == 0x5c
      if isEscape, at &+ 1 >= end || block[at &+ 1] == 0x0d { return start..<at }
      if isEscape, block[at &+ 1] == 0x6e, at &+ 2 < end, block[at &+ 2] == 0x5c {
        return start..<at
      }
      at &+= isEscape ? 2 : 1
    }
    return start..<end
  }

  /// `\"`, `\\` and `\t` in the text of a string.
  private func unescape(_ block: inout [UInt8], from start: Int, to end: inout Int) {
    let found = block.withRawSpan { $0.firstOffset(of: 0x5c, from: start, to: end) }
    guard var read = found else { return }
    var write = read
    while read < end {
      if block[read] == 0x5c, read &+ 1 < end {
        read &+= 1
        block[write] = block[read] == 0x74 ? 0x09 : block[read] == 0x6e ? 0x0a : block[read]
      } else {
        block[write] = block[read]
      }
      read &+= 1
      write &+= 1
    }
    end = write
  }

  private func find(_ word: StaticText, _ block: [UInt8], _ start: Int, _ end: Int) -> Int? {
    block.withRawSpan { word.firstOffset(in: $0, from: start, to: end) }
  }

  private enum Word {
    static let data = StaticText("<script class=\"trace-data\"")
    static let variable = StaticText("linuxPerfData = \"")
    static let close = StaticText("</script>")
    static let packed = StaticText("id=\"viewer-data\"")
  }
}
