internal import CNettle

/// The SHA-256 of bytes that come in pieces (FIPS 180-4).
public struct SHA256: Sendable {
  private var context = sha256_ctx()
  /// Bytes so far.
  public private(set) var count: UInt64 = 0

  /// The checksum of nothing yet.
  public init() { unsafe nettle_sha256_init(&context) }

  /// Adds bytes.
  public mutating func update(_ bytes: borrowing [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// Adds bytes where they lie.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    unsafe nettle_sha256_update(
      &context, bytes.count, start.assumingMemoryBound(to: UInt8.self))
    count &+= UInt64(bytes.count)
  }

  /// The 32 bytes of the checksum; the sum itself can go on.
  public var digest: [UInt8] {
    var copy = context
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_SIZE)) { target, filled in
      guard let start = target.baseAddress else { return }
      unsafe pageledger_sha256_digest(&copy, start)
      filled = Int(SHA256_DIGEST_SIZE)
    }
  }

  /// The checksum as 64 hexadecimal digits.
  public var hexadecimal: String {
    String(decoding: digest.flatMap { [Self.digit($0 >> 4), Self.digit($0 & 15)] }, as: UTF8.self)
  }

  /// The checksum as a policy for browsers has it: `sha256-` and base64 (RFC 4648).
  public var policySource: String {
    let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var rest = digest[...]
    while !rest.isEmpty {
      let group = rest.prefix(3)
      rest = rest.dropFirst(3)
      let word = (0..<3).reduce(0) { word, place in
        word << 8 | (place < group.count ? Int(group[group.startIndex + place]) : 0)
      }
      for place in 0..<4 {
        let isUsed = place <= group.count
        text.append(isUsed ? alphabet[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return "sha256-" + String(decoding: text, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
  }
}
