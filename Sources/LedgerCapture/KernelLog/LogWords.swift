import LedgerInput

/// Reading of words and numbers from a line of the kernel's log; numbers that do not fit are none.
extension Substring {
  /// What stands behind the first `word`, nil when it does not occur.
  func behind(_ word: String) -> Substring? {
    place(of: word).map { self[$0.upperBound...] }
  }

  /// What stands before the first `word`, nil when it does not occur.
  func before(_ word: String) -> Substring? {
    place(of: word).map { self[..<$0.lowerBound] }
  }

  /// What stands behind a prefix.
  func behind(prefix word: String) -> Substring? {
    hasPrefix(word) ? dropFirst(word.count) : nil
  }

  /// Where the processor was, of the kernel: what stands behind the register's name on x86 and arm64.
  var programCounter: Substring? { behind(prefix: "RIP: 0010:") ?? behind(prefix: "pc : ") }

  /// A stamp of printk's stands in it, where another line begins.
  var holdsStamp: Bool {
    let padded = Array(utf8) + Array(repeating: 0, count: TextBlocks.padding)
    return padded.withRawSpan { bytes in
      let end = bytes.byteCount &- TextBlocks.padding
      return Dressing.nextStamp(bytes, from: 0, to: end, isKernels: true) != nil
    }
  }

  /// The first word, up to a blank or one of the signs that end words in the kernel's lines.
  var word: Substring { prefix { !" ,;)(\t\"'".contains($0) } }

  /// A number in decimal at the start.
  var decimal: UInt64? { UInt64(prefix { $0.isASCII && $0.isNumber }) }

  /// The number of a CPU at the start.
  var cpu: Int? {
    decimal.flatMap { $0 < UInt64(LineContext.cpuLimit) ? Int(truncatingIfNeeded: $0) : nil }
  }

  /// A signed number in decimal at the start.
  var signed: Int32? {
    let sign: Substring = hasPrefix("-") ? "-" : ""
    return Int32(sign + dropFirst(sign.count).prefix { $0.isASCII && $0.isNumber })
  }

  /// A number in hexadecimal at the start, with or without `0x`.
  var hex: UInt64? {
    let digits = (behind(prefix: "0x") ?? self).prefix { $0.isASCII && $0.isHexDigit }
    return UInt64(digits, radix: 16)
  }

  /// A page frame number in hexadecimal that is a word of its own: no machine has larger ones than `Event.frameLimit`.
  var frame: UInt64? {
    let digits = (behind(prefix: "0x") ?? self).prefix { $0.isASCII && $0.isHexDigit }
    let next = self[digits.endIndex...].first
    guard next.map({ " ,;:.)(\t\"'".contains($0) }) ?? true else { return nil }
    return hex.flatMap { $0 < 1 << 40 ? $0 : nil }
  }

  /// The name of a function before `+0x1a/0x30`; nil for anything else.
  var function: String? {
    let name = prefix { $0 != "+" && $0 != " " }
    let rest = self[name.endIndex...]
    guard !name.isEmpty, rest.hasPrefix("+0x"), rest.word.contains("/0x") else { return nil }
    let isName = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "_.$".contains($0))
    }
    return isName ? String(name) : nil
  }

  /// Without blanks at both ends.
  var trimmed: Substring {
    var rest = drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
  }

  /// Searches bytes: characters of one line may be any.
  private func place(of word: String) -> Range<Index>? {
    let wanted = Array(word.utf8)
    guard let first = wanted.first else { return nil }
    var at = utf8.startIndex
    while let hit = utf8[at...].firstIndex(of: first) {
      if utf8[hit...].starts(with: wanted),
        let end = utf8.index(
          hit, offsetBy: wanted.count, limitedBy: utf8.endIndex)
      {
        return hit..<end
      }
      at = utf8.index(after: hit)
    }
    return nil
  }
}
