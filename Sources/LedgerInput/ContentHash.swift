internal import CBatch
internal import Glibc
public import LedgerCore

/// Names bytes by their content: XXH3 of 128 bits.
public struct ContentKey: Hashable, Sendable, Comparable {
  /// The high half.
  public let high: UInt64
  /// The low half.
  public let low: UInt64

  /// A key from its halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 32 hexadecimal digits.
  public init?(hex: String) {
    let digits = hex.utf8
    guard digits.count == 32 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for digit in digits {
      guard let value = Self.value(ofDigit: digit) else { return nil }
      halves.0 = halves.0 << 4 | halves.1 >> 60
      halves.1 = halves.1 << 4 | value
    }
    self.init(high: halves.0, low: halves.1)
  }

  /// The key of bytes; the same as of a `ContentHash` that got them.
  public init(of bytes: [UInt8]) {
    var halves: [UInt64] = [0, 0]
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe halves.withUnsafeMutableBufferPointer { buffer in
        guard let target = buffer.baseAddress else { return }
        unsafe cbatch_key(bytes.baseAddress, bytes.count, target)
      }
    }
    self.init(high: halves[1], low: halves[0])
  }

  private static func value(ofDigit digit: UInt8) -> UInt64? {
    switch digit {
    case 0x30...0x39: UInt64(digit - 0x30)
    case 0x61...0x66: UInt64(digit - 0x57)
    default: nil
    }
  }

  /// 32 hexadecimal digits.
  public var hex: String { Self.digits(high) + Self.digits(low) }

  /// Orders keys in any fixed way.
  public static func < (a: ContentKey, b: ContentKey) -> Bool {
    (a.high, a.low) < (b.high, b.low)
  }

  /// 16 hexadecimal digits.
  public static func digits(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// 64 bits that tell whether bytes are still what was written.
  public static func check(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe cbatch_of($0.baseAddress, $0.count) }
  }
}

/// A hash of bytes that come in pieces.
@safe public final class ContentHash {
  private let state: OpaquePointer?

  /// A hash of nothing.
  public init() { unsafe state = cbatch_new() }

  deinit { unsafe cbatch_free(state) }

  /// Adds bytes.
  public func add(_ bytes: [UInt8]) {
    guard let state = unsafe state else { return }
    unsafe bytes.withUnsafeBytes { unsafe cbatch_add(state, $0.baseAddress, $0.count) }
  }

  /// Adds all bytes of a regular file.
  public func add(file path: String) throws(CaptureError) {
    let source = try ByteSource(path: path)
    var block: [UInt8] = []
    block.reserveCapacity(Self.block)
    while try source.read(into: &block, count: Self.block) > 0 {
      add(block)
      block.removeAll(keepingCapacity: true)
    }
  }

  private static let block = 1 << 18

  /// The key of all bytes so far.
  public var key: ContentKey {
    guard let state = unsafe state else { return ContentKey(high: 0, low: 0) }
    var halves: [UInt64] = [0, 0]
    unsafe halves.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { unsafe cbatch_value(state, base) }
    }
    return ContentKey(high: halves[1], low: halves[0])
  }
}
