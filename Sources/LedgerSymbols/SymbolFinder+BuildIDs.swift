// Build ids: whether a file is of the build that was recorded.
extension SymbolFinder {
  /// False for two ids that differ; nothing is held against a file or a capture without one. A record may have cut an id,
  /// and filled the rest of its room with zeros.
  static func isSame(_ id: [UInt8], _ known: [UInt8]) -> Bool {
    let count = min(id.count, known.count)
    return count == 0
      || id.prefix(count) == known.prefix(count)
        && (id.dropFirst(count) + known.dropFirst(count)).allSatisfy { $0 == 0 || count == 20 }
  }

  /// Why a file is not used.
  static func otherBuild(_ id: [UInt8], _ known: [UInt8], of owner: String) -> String {
    "its build id is \(hexDigits(id)), \(owner) has \(hexDigits(known))"
  }

  /// A build id as it is written.
  static func hexDigits(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
