import CommandTestSupport

/// All ways in which a sweep spoils one capture, by number: the same number always spoils the same way.
public struct DamagePlan: Sendable {
  /// A kind of damage.
  public enum Kind: String, Sendable, CaseIterable {
    /// The end is missing, of a text behind any line.
    case cut
    /// A text that begins with a later line.
    case headless
    /// One byte of the first or last part of the file is another.
    case headerByte
    /// One byte anywhere is another.
    case byte
    /// A number of 2, 4 or 8 bytes, or the digits of a text, are 0, 1 or the largest.
    case size
    /// Two parts of the file have changed places.
    case swap
  }

  /// The undamaged capture.
  public let whole: [UInt8]
  /// Lines count instead of bytes.
  public let isText: Bool
  private let lines: [Int]
  private let numbers: [Range<Int>]
  private let seed: UInt64
  private let parts: [(kind: Kind, count: Int)]

  private static let header = 8192
  private static let randomFlips = 20_000
  private static let swaps = 2_000
  private static let randomSizes = 6_000

  /// A plan for a capture; `seed` picks random places.
  public init(_ whole: [UInt8], seed: UInt64) {
    self.whole = whole
    self.seed = seed
    let head = whole.prefix(1 << 16)
    isText = !head.contains { $0 == 0 } && head.count { $0 == 10 } * 400 > head.count
    lines = isText ? whole.indices.filter { whole[$0] == 10 }.map { $0 + 1 } : []
    numbers = isText ? Self.digits(whole) : []
    let edge = min(whole.count, Self.header)
    parts =
      isText
      ? [
        (.cut, lines.count), (.headless, lines.count), (.headerByte, edge),
        (.byte, Self.randomFlips), (.size, 3 * numbers.count), (.swap, Self.swaps),
      ]
      : [
        (.cut, whole.count), (.headerByte, 2 * edge), (.byte, Self.randomFlips),
        (.size, 9 * edge + Self.randomSizes), (.swap, Self.swaps),
      ]
  }

  /// How many variants there are.
  public var count: Int { parts.reduce(0) { $0 + $1.count } }

  /// A choice of variants that has as many of each kind.
  public func sample(_ wanted: Int) -> [Int] {
    guard wanted < count else { return Array(0..<count) }
    var dice = SplitMix(state: seed)
    var chosen: Set<Int> = []
    var start = 0
    for part in parts {
      let share = min(part.count, max(1, wanted / parts.count))
      if share == part.count {
        chosen.formUnion(start..<(start + share))
      } else {
        for _ in 0..<share { chosen.insert(start + Int(dice.next() % UInt64(part.count))) }
      }
      start += part.count
    }
    return chosen.sorted()
  }

  /// The damaged bytes, and words for what was done.
  public func variant(_ number: Int) -> (bytes: [UInt8], words: String) {
    var rest = number
    for part in parts {
      guard rest >= part.count else { return spoil(part.kind, rest) }
      rest -= part.count
    }
    return (whole, "nothing")
  }

  private func spoil(_ kind: Kind, _ number: Int) -> ([UInt8], String) {
    var dice = SplitMix(seed: seed, number: number)
    switch kind {
    case .cut:
      let end = isText ? lines[number] : number
      return (Array(whole[..<end]), "cut at byte \(end)")
    case .headless:
      return (Array(whole[lines[number]...]), "begins at byte \(lines[number])")
    case .headerByte:
      let edge = min(whole.count, Self.header)
      let place = number < edge ? number : whole.count - 1 - (number - edge)
      return flip(place, &dice)
    case .byte: return flip(below(whole.count, &dice), &dice)
    case .size: return isText ? number0(number) : size(number, &dice)
    case .swap: return swap(&dice)
    }
  }

  private func below(_ limit: Int, _ dice: inout SplitMix) -> Int {
    limit < 1 ? 0 : Int(dice.next() % UInt64(limit))
  }

  private func flip(_ place: Int, _ dice: inout SplitMix) -> ([UInt8], String) {
    var bytes = whole
    guard bytes.indices.contains(place) else { return (bytes, "nothing") }
    let old = bytes[place]
    // Of a text, often a digit becomes another: what is hardest to see.
    if isText, (0x30...0x39).contains(old), dice.next() % 2 == 0 {
      bytes[place] = 0x30 + (old - 0x30 + 1 + UInt8(dice.next() % 9)) % 10
    } else {
      bytes[place] ^= dice.next() % 4 == 0 ? 0xff : 1 << UInt8(dice.next() % 8)
    }
    return (bytes, "byte \(place): \(old) is \(bytes[place])")
  }

  private func number0(_ number: Int) -> ([UInt8], String) {
    let range = numbers[number / 3]
    let text = ["0", "1", "18446744073709551615"][number % 3]
    var bytes = whole
    bytes.replaceSubrange(range, with: Array(text.utf8))
    return (bytes, "number at byte \(range.lowerBound) is \(text)")
  }

  private func size(_ number: Int, _ dice: inout SplitMix) -> ([UInt8], String) {
    let edge = min(whole.count, Self.header)
    let place = number < 9 * edge ? number / 9 : below(whole.count, &dice)
    let width = [2, 4, 8][number % 9 / 3]
    var bytes = whole
    let value = number % 3 == 2 ? UInt64.max : UInt64(number % 3)
    for index in 0..<width where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
    return (bytes, "\(width) bytes at \(place) are \(number % 3 == 2 ? "all ones" : "\(value)")")
  }

  private func swap(_ dice: inout SplitMix) -> ([UInt8], String) {
    let cuts: [Int]
    if isText {
      guard lines.count > 4 else { return (whole, "nothing") }
      cuts = (0..<4).map { _ in lines[below(lines.count, &dice)] }.sorted()
    } else {
      // Sub-buffers as a rule, and any bytes.
      let step = [4096, 4096, 8, 1][below(4, &dice)]
      let length = step == 4096 ? 4096 : 1 + below(512, &dice)
      let one = below(max(1, whole.count - 2 * length), &dice) / step * step
      let other = one + length + below(max(1, whole.count - one - 2 * length), &dice) / step * step
      cuts = [one, one + length, other, other + length].map { min($0, whole.count) }
    }
    let bytes =
      whole[..<cuts[0]] + whole[cuts[2]..<cuts[3]] + whole[cuts[1]..<cuts[2]]
      + whole[cuts[0]..<cuts[1]] + whole[cuts[3]...]
    return (Array(bytes), "bytes \(cuts[0])-\(cuts[1]) and \(cuts[2])-\(cuts[3]) swapped")
  }

  /// Places of numbers in the first lines and in some of the others.
  private static func digits(_ bytes: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = -1
    for (place, byte) in bytes.enumerated() {
      let isDigit = (0x30...0x39).contains(byte)
      if isDigit, start < 0 { start = place }
      guard !isDigit, start >= 0 else { continue }
      if place < 4096 || ranges.count < 4000 || place % 37 == 0 { ranges.append(start..<place) }
      start = -1
    }
    return ranges
  }
}
