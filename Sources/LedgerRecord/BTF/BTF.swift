import LedgerInput

/// The types of a kernel or of one of its modules, as `/sys/kernel/btf` shows them.
///
/// The format is that of include/uapi/linux/btf.h (6.12); a module's types continue the numbers and the strings of the kernel's
/// (kernel/bpf/btf.c:btf_parse_module). Nothing in the file is believed: each number is checked before it is followed.
public final class BTF: Sendable {
  /// A kernel of 2026 has some 150,000 types in 6 MB.
  static let typeLimit = 1 << 22
  static let sizeLimit = 1 << 28
  /// So many names and qualifiers may stand before a type, so deep may structs lie in each other.
  static let depthLimit = 32

  private let bytes: [UInt8]
  private let base: BTF?
  private let swaps: Bool
  private let strings: BTFStrings
  /// Where each of this file's own types begins.
  private let places: [UInt32]
  /// Hashes of names and the own types that bear them, in order of the hashes.
  private let index: [(hash: UInt64, number: UInt32)]
  /// Number of the first own type; 1 for a kernel, as 0 is `void`.
  let firstNumber: UInt32

  /// Number of types, those of the base included.
  public var count: Int { Int(firstNumber) &+ places.count }

  /// Reads types; `base` are the kernel's own when these are a module's.
  public init(_ bytes: [UInt8], base: BTF? = nil) throws(BTFError) {
    guard bytes.count <= Self.sizeLimit else { throw .tooLarge }
    guard bytes.count >= 24 else { throw .notBTF }
    switch (bytes[0], bytes[1]) {
    case (0x9f, 0xeb): swaps = false
    case (0xeb, 0x9f): swaps = true
    default: throw .notBTF
    }
    guard bytes[2] == 1 else { throw .notBTF }
    self.bytes = bytes
    self.base = base
    let swaps = swaps
    func word(_ offset: Int) -> Int { Int(Self.word(bytes, offset, swaps)) }
    let header = word(4)
    guard header >= 24, header <= bytes.count else { throw .malformed(offset: 4) }
    let types = header &+ word(8)
    let typesEnd = types &+ word(12)
    let text = header &+ word(16)
    let textEnd = text &+ word(20)
    guard types <= typesEnd, typesEnd <= bytes.count else { throw .malformed(offset: 8) }
    guard text <= textEnd, textEnd <= bytes.count else { throw .malformed(offset: 16) }
    let firstNumber = UInt32(clamping: base?.count ?? 1)
    let places = try Self.walk(bytes, types..<typesEnd, swaps)
    let strings = BTFStrings(bytes, range: text..<textEnd, base: base?.strings)
    var names: [(hash: UInt64, number: UInt32)] = []
    names.reserveCapacity(places.count / 2)
    for (own, place) in places.enumerated() {
      let info = Self.word(bytes, Int(place) &+ 4, swaps)
      guard BTFKind(rawValue: info >> 24 & 0x1f)?.isNamed ?? false,
        let hash = strings.hash(Self.word(bytes, Int(place), swaps))
      else { continue }
      names.append((hash, firstNumber &+ UInt32(own)))
    }
    index = names.sorted { ($0.hash, $0.number) < ($1.hash, $1.number) }
    (self.places, self.strings, self.firstNumber) = (places, strings, firstNumber)
  }

  /// Where types begin.
  private static func walk(_ bytes: [UInt8], _ range: Range<Int>, _ swaps: Bool)
    throws(BTFError) -> [UInt32]
  {
    var places: [UInt32] = []
    places.reserveCapacity(min(range.count / 16, typeLimit))
    var at = range.lowerBound
    while at < range.upperBound {
      guard at &+ 12 <= range.upperBound,
        let head = BTFHead(
          name: word(bytes, at, swaps), info: word(bytes, at &+ 4, swaps),
          third: word(bytes, at &+ 8, swaps))
      else { throw .malformed(offset: at) }
      guard places.count < typeLimit else { throw .tooLarge }
      places.append(UInt32(at))
      at = at &+ 12 &+ head.kind.tail(head.count)
    }
    guard at == range.upperBound else { throw .malformed(offset: at) }
    return places
  }

  private static func word(_ bytes: [UInt8], _ offset: Int, _ swaps: Bool) -> UInt32 {
    let word = bytes.withRawSpan { $0.u32(offset) }
    return swaps ? word.byteSwapped : word
  }

  private func word(_ offset: Int) -> UInt32 { Self.word(bytes, offset, swaps) }

  /// The type of a number, and where its members begin in this file.
  func head(_ number: UInt32) -> (head: BTFHead, members: Int, owner: BTF)? {
    guard number >= firstNumber else { return base?.head(number) }
    let own = Int(number &- firstNumber)
    guard own < places.count else { return nil }
    let at = Int(places[own])
    guard let head = BTFHead(name: word(at), info: word(at &+ 4), third: word(at &+ 8)) else {
      return nil
    }
    return (head, at &+ 12, self)
  }

  /// A word of the members of a type of this file.
  func memberWord(_ offset: Int) -> UInt32 {
    offset >= 0 && offset &+ 4 <= bytes.count ? word(offset) : 0
  }

  /// The numbers of all types of this name, the base's too.
  func numbers(named name: String) -> [UInt32] {
    let wanted = BTFStrings.hash(of: name)
    var low = 0
    var high = index.count
    while low < high {
      let middle = (low &+ high) / 2
      if index[middle].hash < wanted { low = middle &+ 1 } else { high = middle }
    }
    var found: [UInt32] = []
    while low < index.count, index[low].hash == wanted, found.count < 64 {
      if let head = head(index[low].number)?.head, string(head.name) == name {
        found.append(index[low].number)
      }
      low &+= 1
    }
    return found + (base?.numbers(named: name) ?? [])
  }

  /// A string by its offset among all strings; empty when it lies outside.
  func string(_ offset: UInt32) -> String { strings.string(offset) }
}
