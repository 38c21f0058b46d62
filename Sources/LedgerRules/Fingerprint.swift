/// Names findings by their causes.
enum Fingerprint {
  /// `PL010-8fcc651c4886dc7c`: stable across runs and machines, as long as `cause` holds no number of one boot.
  static func id(rule: String, cause: String) -> String {
    let digits = String(hash(cause), radix: 16)
    return "\(rule)-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// FNV-1a, 64 bits: Swift's own hashes differ from run to run.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
