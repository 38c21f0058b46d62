internal import LedgerInput

/// The symbols of a kernel, as its `/proc/kallsyms` listed them (kernel/kallsyms.c:s_show, 6.1).
///
/// Nothing is sorted or indexed: a question costs one pass over the text.
public struct KernelSymbols: Sendable {
  private let text: [UInt8]

  /// Takes the text; lines that are not symbols are passed over.
  public init(kallsyms text: [UInt8]) { self.text = text }

  /// One function and the addresses up to the next symbol.
  public struct Extent: Sendable, Equatable {
    /// The symbol.
    public var name: String
    /// From its address to the next symbol's.
    public var addresses: Range<UInt64>
  }

  /// Where the code of these functions lies; a function may have several copies, or none.
  ///
  /// `name.isra.0` and the like count as `name`, `name.cold` does not. Addresses that the kernel hid (0) are left out.
  public func extents(of names: [String]) -> [Extent] {
    var addresses: [UInt64] = []
    addresses.reserveCapacity(text.count / 40)
    var found = starts(of: names, &addresses)
    Self.close(&found, addresses)
    return found
  }

  /// The symbol with the greatest address that is not above `address`.
  public func name(at address: UInt64) -> String? {
    var best: (address: UInt64, place: Range<Int>)?
    text.withRawSpan { text in
      var lines = SymbolLines(text)
      while let line = lines.next(text) {
        guard line.isCode, line.address <= address else { continue }
        if best.map({ line.address > $0.address }) ?? true { best = (line.address, line.name) }
      }
    }
    return best.map {
      String(decoding: text[$0.place].prefix { $0 != 0x09 && $0 != 0x0d }, as: UTF8.self)
    }
  }

  /// The bytes of a place in the text.
  func bytes(_ place: Range<Int>) -> ArraySlice<UInt8> { text[place] }

  /// Lends the text.
  @inline(__always)
  func withText(_ body: (RawSpan) -> Void) { text.withRawSpan(body) }

  /// No line at all.
  public var isEmpty: Bool { text.isEmpty }

  /// Shows symbols to `look` until it has seen enough.
  func scan(until look: (SymbolLine, RawSpan) -> Bool) {
    text.withRawSpan { text in
      var lines = SymbolLines(text)
      while let line = lines.next(text) { if look(line, text) { return } }
    }
  }

  /// Shows every symbol to `look`.
  func scan(_ look: (SymbolLine, RawSpan) -> Void) {
    text.withRawSpan { text in
      var lines = SymbolLines(text)
      while let line = lines.next(text) { look(line, text) }
    }
  }

  private func starts(of names: [String], _ addresses: inout [UInt64]) -> [Extent] {
    let wanted = names.map { Array($0.utf8) }
    let beginnings = NameBeginnings(wanted)
    var found: [Extent] = []
    withText { text in
      scanSymbols { address, type, name in
        addresses.append(address)
        guard beginnings.mayContain(name, in: text) else { return }
        let line = SymbolLine(address: address, type: type, name: name)
        guard line.isCode else { return }
        for (index, name) in wanted.enumerated() where line.isNamed(name, in: text) {
          found.append(Extent(name: names[index], addresses: address..<UInt64.max))
        }
      }
    }
    return found
  }

  /// Ends each extent at the next higher symbol.
  private static func close(_ extents: inout [Extent], _ addresses: [UInt64]) {
    let starts = Set(extents.map(\.addresses.lowerBound)).sorted()
    guard let first = starts.first else { return }
    var ends = [UInt64](repeating: .max, count: starts.count)
    // Neighbours in the list mostly lie between the same two starts: those above `low`, up to `high`, do.
    var (place, low, high) = (0, UInt64.max, UInt64.min)
    for address in addresses where address > first {
      if address <= low || address > high {
        // The last of the starts that are below it.
        place = starts.firstPlace(notBelow: address) - 1
        low = starts[place]
        high = place + 1 < starts.count ? starts[place + 1] : .max
      }
      if address < ends[place] { ends[place] = address }
    }
    for index in extents.indices {
      let start = extents[index].addresses.lowerBound
      extents[index].addresses = start..<ends[starts.firstPlace(notBelow: start)]
    }
  }
}

/// The first four letters of some names, so that most others are told apart by one look.
struct NameBeginnings {
  private var isKnown: [Bool]
  /// Names that are too short for it.
  private let hasShort: Bool

  init(_ names: [[UInt8]]) {
    hasShort = names.contains { $0.count < 4 }
    isKnown = [Bool](repeating: false, count: 4096)
    for name in names where name.count >= 4 {
      isKnown[Self.slot(name.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })] = true
    }
  }

  @inline(__always)
  func mayContain(_ name: Range<Int>, in text: RawSpan) -> Bool {
    guard name.count >= 4 else { return hasShort }
    return hasShort || isKnown[Self.slot(text.u32(name.lowerBound))]
  }

  @inline(__always)
  private static func slot(_ word: UInt32) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9e37_79b1) >> 20)
  }
}

/// One line of kallsyms: address, type, name.
struct SymbolLine {
  var address: UInt64
  var type: UInt8
  /// Name, and the module behind a tab.
  var name: Range<Int>

  /// Has an address that code or data can have; `A` marks absolute values such as offsets of per-CPU variables.
  var isCode: Bool { address != 0 && type | 0x20 != UInt8(ascii: "a") }

  /// The name begins with these bytes.
  func startsWith(_ prefix: [UInt8], in text: RawSpan) -> Bool {
    guard name.count >= prefix.count else { return false }
    return prefix.indices.allSatisfy { text.u8(name.lowerBound + $0) == prefix[$0] }
  }

  /// The name, and the module in brackets if there is one.
  func words(in text: RawSpan) -> [String] {
    let bytes = name.map { text.u8($0) }
    return bytes.split { $0 == 0x09 || $0 == 0x0d || $0 == 0x20 }.map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Is `name`, or a copy of it that the compiler made.
  func isNamed(_ wanted: [UInt8], in text: RawSpan) -> Bool {
    guard name.count >= wanted.count, text.u8(name.lowerBound) == wanted.first else { return false }
    for index in wanted.indices where text.u8(name.lowerBound + index) != wanted[index] {
      return false
    }
    guard name.count > wanted.count else { return true }
    let next = name.lowerBound + wanted.count
    if text.u8(next) == 0x09 { return true }
    guard text.u8(next) == UInt8(ascii: "."), name.count > wanted.count + 1 else { return false }
    // .isra, .constprop, .part, but not .cold
    return text.u8(next + 1) != UInt8(ascii: "c")
      || text.u8(min(next + 4, name.upperBound - 1)) == UInt8(ascii: "s")
  }
}

/// The lines of a kallsyms text, one after another.
struct SymbolLines {
  private var at = 0
  private let end: Int

  init(_ text: RawSpan) { end = text.byteCount }

  /// The lines from `start` to `end`, which lie within the text.
  init(from start: Int, to end: Int) {
    at = start
    self.end = end
  }

  /// The next line that is a symbol.
  mutating func next(_ text: RawSpan) -> SymbolLine? {
    while at < end {
      let (address, digits) = number(text)
      at += digits
      let isSymbol = digits >= 8 && at + 3 < end && text.u8(at) == 0x20 && text.u8(at + 2) == 0x20
      let type = isSymbol ? text.u8(at + 1) : 0
      if isSymbol { at += 3 }
      let start = at
      toLineEnd(text)
      let stop = at
      at += 1
      guard isSymbol else { continue }
      return SymbolLine(address: address, type: type, name: start..<stop)
    }
    return nil
  }

  /// The hexadecimal number at the current place, and how many digits it has.
  @inline(__always)
  private func number(_ text: RawSpan) -> (UInt64, Int) {
    if at &+ 17 < end, text.u8(at &+ 16) == 0x20 {
      let high = Self.eightDigits(text.u64(at))
      return (high << 32 | Self.eightDigits(text.u64(at &+ 8)), 16)
    }
    var address: UInt64 = 0
    var digits = 0
    while at &+ digits < end, digits < 16, let digit = Self.value(text.u8(at &+ digits)) {
      address = address << 4 | digit
      digits += 1
    }
    return (address, digits)
  }

  /// Eight hexadecimal digits at once, the first in the lowest byte.
  @inline(__always)
  static func eightDigits(_ text: UInt64) -> UInt64 {
    let nibbles =
      (text & 0x0f0f_0f0f_0f0f_0f0f) &+ 9 &* ((text >> 6) & 0x0101_0101_0101_0101)
    let bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff
    let pairs = (bytes << 8 | bytes >> 16) & 0x0000_ffff_0000_ffff
    return (pairs << 16 | pairs >> 32) & 0xffff_ffff
  }

  /// Moves to the next newline, or to the end, by eight bytes while possible.
  @inline(__always)
  private mutating func toLineEnd(_ text: RawSpan) {
    while at &+ 8 <= end {
      let word = text.u64(at) ^ 0x0a0a_0a0a_0a0a_0a0a
      let hit = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if hit != 0 {
        at &+= hit.trailingZeroBitCount / 8
        return
      }
      at &+= 8
    }
    while at < end, text.u8(at) != 0x0a { at &+= 1 }
  }

  @inline(__always)
  private static func value(_ byte: UInt8) -> UInt64? {
    if byte &- 0x30 < 10 { return UInt64(byte &- 0x30) }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? UInt64(letter) + 10 : nil
  }
}
