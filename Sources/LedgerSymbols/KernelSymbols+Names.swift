internal import LedgerInput

extension KernelSymbols {
  /// A function around an address.
  public struct Symbol: Sendable, Equatable {
    /// Name as listed.
    public var name: String
    /// Module in brackets behind it, empty for the kernel itself.
    public var module: String
    /// Where it begins.
    public var address: UInt64
  }

  /// No function is longer than this, in bytes: what lies farther behind a symbol is not its code.
  static let functionLimit: UInt64 = 1 << 20

  /// The functions around ascending addresses, nil where there is none: one pass over the text, nothing sorted.
  ///
  /// Of several names for one address the first counts, as in kernel/kallsyms.c:get_symbol_pos (6.1).
  public func symbols(at addresses: [UInt64]) -> [Symbol?] {
    guard let first = addresses.first, let last = addresses.last else { return [] }
    var starts = [UInt64](repeating: 0, count: addresses.count)
    var places = [Range<Int>](repeating: 0..<0, count: addresses.count)
    // The next line often belongs to the same address: those between `low` and `high` do.
    var (place, low, high) = (0, UInt64.min, first)
    scanFunctions { address, name in
      guard address <= last else { return }
      if address <= low || address > high {
        place = addresses.firstPlace(notBelow: address)
        low = place > 0 ? addresses[place - 1] : 0
        high = addresses[place]
      }
      guard address > starts[place] else { return }
      starts[place] = address
      places[place] = name
    }
    return addresses.indices.map { place in
      if place > 0, starts[place] == 0 {
        starts[place] = starts[place - 1]
        places[place] = places[place - 1]
      }
      let isNear = starts[place] != 0 && addresses[place] - starts[place] < Self.functionLimit
      return isNear ? symbol(places[place], starts[place]) : nil
    }
  }

  /// Shows the address and the place of the name of each function.
  @inline(__always)
  private func scanFunctions(_ look: (UInt64, Range<Int>) -> Void) {
    scanSymbols { address, type, name in
      let kind = type | 0x20
      guard address != 0, kind == UInt8(ascii: "t") || kind == UInt8(ascii: "w") else { return }
      look(address, name)
    }
  }

  /// Shows the address, the type and the place of the name of each symbol.
  @inline(__always)
  func scanSymbols(_ look: (UInt64, UInt8, Range<Int>) -> Void) {
    withText { text in
      let end = text.byteCount
      var at = 0
      while at < end {
        let start = at
        let stop = text.firstOffset(of: 0x0a, from: at, to: end) ?? end
        at = stop &+ 1
        guard stop &- start > 19, text.u8(start &+ 16) == 0x20, text.u8(start &+ 18) == 0x20 else {
          // Machines of 32 bits, and what is no symbol.
          var lines = SymbolLines(from: start, to: stop)
          if let line = lines.next(text) { look(line.address, line.type, line.name) }
          continue
        }
        let address =
          SymbolLines.eightDigits(text.u64(start)) << 32
          | SymbolLines.eightDigits(text.u64(start &+ 8))
        look(address, text.u8(start &+ 17), (start &+ 19)..<stop)
      }
    }
  }

  /// Where `_text`, or else `_stext`, lies; nil when the kernel hid its addresses.
  public var textStart: UInt64? {
    var found: UInt64?
    scan { line, text in
      guard line.isCode else { return false }
      if line.isExactly(Self.text, in: text) {
        found = line.address
        return true
      }
      if found == nil, line.isExactly(Self.stext, in: text) { found = line.address }
      return false
    }
    return found
  }

  /// Where the code of each module begins: the page of its lowest function.
  public var moduleStarts: [String: UInt64] {
    var starts: [String: UInt64] = [:]
    scan { line, text in
      guard line.isFunction, line.isOfModule(in: text) else { return }
      let words = line.words(in: text)
      guard let module = words.dropFirst().first?.dropFirst().dropLast(), !module.isEmpty else {
        return
      }
      let page = line.address & ~0xfff
      starts[String(module)] = min(starts[String(module)] ?? .max, page)
    }
    return starts
  }

  /// The addresses of the functions that `machinery` lists, each up to the next symbol, ascending.
  func extents(of machinery: Machinery) -> [Range<UInt64>] {
    var names: Set<String> = []
    withText { text in
      scanFunctions { _, place in
        // Text is made only of what may be on the list.
        guard place.count >= 4, machinery.mayContain(initial: text.u32(place.lowerBound)) else {
          return
        }
        let line = SymbolLine(address: 0, type: 0, name: place)
        guard !line.isOfModule(in: text), let name = line.words(in: text).first,
          machinery.contains(name)
        else { return }
        names.insert(name)
      }
    }
    return extents(of: Array(names)).map(\.addresses).sorted { $0.lowerBound < $1.lowerBound }
  }

  private func symbol(_ place: Range<Int>, _ address: UInt64) -> Symbol? {
    let words = bytes(place).split { $0 == 0x09 || $0 == 0x0d || $0 == 0x20 }.map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let name = words.first else { return nil }
    let module = words.count > 1 ? words[1].filter { $0 != "[" && $0 != "]" } : ""
    return Symbol(name: name, module: module, address: address)
  }

  private static let text = Array("_text".utf8)
  private static let stext = Array("_stext".utf8)
}

extension SymbolLine {
  /// It is code: types t and w of nm, small for what is local.
  var isFunction: Bool {
    let kind = type | 0x20
    return address != 0 && (kind == UInt8(ascii: "t") || kind == UInt8(ascii: "w"))
  }

  /// The line is nothing but this name.
  func isExactly(_ wanted: [UInt8], in text: RawSpan) -> Bool {
    guard name.count == wanted.count else { return false }
    return wanted.indices.allSatisfy { text.u8(name.lowerBound + $0) == wanted[$0] }
  }

  /// It ends with a module in brackets.
  func isOfModule(in text: RawSpan) -> Bool {
    !name.isEmpty && text.u8(name.upperBound - 1) == UInt8(ascii: "]")
  }
}

extension [UInt64] {
  /// The first place of an ascending array whose element is not below `value`.
  func firstPlace(notBelow value: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
