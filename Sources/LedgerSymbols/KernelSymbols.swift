internal import LedgerInput

/// The symbols of a kernel, as its `/proc/kallsyms` listed them (kernel/kallsyms.c:s_show, 6.1).
///
/// Nothing is sorted or copied: a question costs one or two passes over the text, about 1 ms for each 2 MB.
public struct KernelSymbols: Sendable {
  private let text: [UInt8]

  /// Takes the text; lines that are not symbols are passed over.
  public init(kallsyms text: [UInt8]) { self.text = text }

  /// One function and the addresses up to the next symbol.
  public struct Extent: Sendable, Equatable {
    public var name: String
    public var addresses: Range<UInt64>
  }

  /// Where the code of these functions lies; a function may have several copies, or none.
  ///
  /// `name.isra.0` and the like count as `name`, `name.cold` does not. Addresses that the kernel hid (0) are left out.
  public func extents(of names: [String]) -> [Extent] {
    text.withRawSpan { text in
      var found = Self.starts(of: names, in: text)
      guard !found.isEmpty else { return [] }
      Self.close(&found, in: text)
      return found
    }
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
    return best.map { String(decoding: text[$0.place], as: UTF8.self) }
  }

  private static func starts(of names: [String], in text: RawSpan) -> [Extent] {
    let wanted = names.map { Array($0.utf8) }
    var found: [Extent] = []
    var lines = SymbolLines(text)
    while let line = lines.next(text) {
      for (index, name) in wanted.enumerated() where line.isNamed(name, in: text) {
        guard line.isCode else { continue }
        found.append(Extent(name: names[index], addresses: line.address..<UInt64.max))
      }
    }
    return found
  }

  /// Ends each extent at the next higher symbol.
  private static func close(_ extents: inout [Extent], in text: RawSpan) {
    var lines = SymbolLines(text)
    while let line = lines.next(text) {
      for index in extents.indices {
        let range = extents[index].addresses
        guard line.address > range.lowerBound, line.address < range.upperBound else { continue }
        extents[index].addresses = range.lowerBound..<line.address
      }
    }
  }
}

/// One line of kallsyms: address, type, name.
struct SymbolLine {
  var address: UInt64
  var type: UInt8
  var name: Range<Int>

  /// Has an address that code or data can have; `A` marks absolute values such as offsets of per-CPU variables.
  var isCode: Bool { address != 0 && type | 0x20 != UInt8(ascii: "a") }

  /// Is `name`, or a copy of it that the compiler made.
  func isNamed(_ wanted: [UInt8], in text: RawSpan) -> Bool {
    guard name.count >= wanted.count, text.u8(name.lowerBound) == wanted.first else { return false }
    for index in wanted.indices where text.u8(name.lowerBound + index) != wanted[index] {
      return false
    }
    guard name.count > wanted.count else { return true }
    let next = name.lowerBound + wanted.count
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

  /// The next line that is a symbol.
  mutating func next(_ text: RawSpan) -> SymbolLine? {
    while at < end {
      var address: UInt64 = 0
      var digits = 0
      while at < end, digits < 16, let digit = Self.value(text.u8(at)) {
        address = address << 4 | digit
        digits += 1
        at += 1
      }
      let isSymbol = digits >= 8 && at + 3 < end && text.u8(at) == 0x20 && text.u8(at + 2) == 0x20
      let type = isSymbol ? text.u8(at + 1) : 0
      let start = isSymbol ? at + 3 : at
      at = start
      var stop = -1
      while at < end {
        let byte = text.u8(at)
        if byte == 0x0a { break }
        if byte == 0x09 && stop < 0 { stop = at }
        at += 1
      }
      let name = start..<(stop < 0 ? at : stop)
      at += 1
      if isSymbol { return SymbolLine(address: address, type: type, name: name) }
    }
    return nil
  }

  @inline(__always)
  private static func value(_ byte: UInt8) -> UInt64? {
    if byte &- 0x30 < 10 { return UInt64(byte &- 0x30) }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? UInt64(letter) + 10 : nil
  }
}
