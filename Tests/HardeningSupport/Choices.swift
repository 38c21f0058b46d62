/// Bytes of a fuzzer as decisions: each question takes some of them, and nothing is decided when none are left.
struct Choices {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isEmpty: Bool { place >= bytes.count }

  /// How many bytes no question has taken.
  var left: Int { max(0, bytes.count - place) }

  /// The bytes that no question has taken.
  var rest: [UInt8] { Array(bytes.dropFirst(place)) }

  mutating func byte() -> UInt8 {
    guard place < bytes.count else { return 0 }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func below(_ limit: Int) -> Int { limit < 1 ? 0 : Int(byte()) % limit }

  mutating func flag() -> Bool { byte() & 1 == 1 }

  mutating func word() -> UInt64 {
    var word: UInt64 = 0
    for _ in 0..<8 { word = word << 8 | UInt64(byte()) }
    return word
  }

  mutating func take(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

  /// Small as a rule, else at an edge, else anything.
  mutating func number() -> UInt64 {
    let kind = byte()
    switch kind {
    case 0..<0xa0: return UInt64(kind & 15)
    case 0xa0..<0xd0: return Self.edges[Int(kind) % Self.edges.count]
    case 0xd0..<0xf0: return UInt64(byte()) << UInt64(kind & 31)
    default: return word()
    }
  }

  private static let edges: [UInt64] = [
    0, 1, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, 1 << 52,
    0x7fff_ffff_ffff_ffff, .max, .max - 7, .max << 12,
  ]
}

/// Bytes in either order.
struct Image {
  var data: [UInt8] = []
  var isBig = false

  init(isBig: Bool = false) { self.isBig = isBig }

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    let ordered = isBig ? value.bigEndian : value.littleEndian
    withUnsafeBytes(of: ordered) { data.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) { data += Array(text.utf8) }

  mutating func fill(to multiple: Int) {
    while data.count % multiple != 0 { data.append(0) }
  }
}
