/// The strings of a file of types, which continue those of its base.
final class BTFStrings: Sendable {
  private let bytes: [UInt8]
  private let range: Range<Int>
  private let base: BTFStrings?
  /// Where the own strings begin among all.
  private let first: Int

  init(_ bytes: [UInt8], range: Range<Int>, base: BTFStrings?) {
    self.bytes = bytes
    self.range = range
    self.base = base
    first = base.map { $0.first &+ $0.range.count } ?? 0
  }

  /// The string at an offset among all; empty when it lies outside.
  func string(_ offset: UInt32) -> String {
    let offset = Int(offset)
    guard offset >= first else { return base?.string(UInt32(offset)) ?? "" }
    return String(decoding: bytes[place(of: offset &- first)], as: UTF8.self)
  }

  /// The hash of a string; nil for an empty one.
  func hash(_ offset: UInt32) -> UInt64? {
    let offset = Int(offset)
    guard offset >= first else { return base?.hash(UInt32(offset)) }
    let place = place(of: offset &- first)
    guard !place.isEmpty else { return nil }
    var hash = Self.seed
    for at in place { hash = (hash ^ UInt64(bytes[at])) &* Self.prime }
    return hash
  }

  static func hash(of name: String) -> UInt64 {
    name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* prime }
  }

  private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
  private static let prime: UInt64 = 0x100_0000_01b3

  /// Without the zero at its end; names are short, and hostile ones stay so.
  private func place(of own: Int) -> Range<Int> {
    guard own < range.count else { return 0..<0 }
    let start = range.lowerBound &+ own
    let limit = min(range.upperBound, start &+ 512)
    var end = start
    while end < limit, bytes[end] != 0 { end &+= 1 }
    return start..<end
  }
}
