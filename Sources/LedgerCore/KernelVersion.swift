/// A kernel version, major and minor.
public struct KernelVersion: Sendable, Comparable {
  /// First number.
  public var major: Int
  /// Second number.
  public var minor: Int

  /// Major and minor.
  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The version of a release such as `6.1.192-pglab`; nil when there is none in it.
  public init?(release: String) {
    let parts = release.split(separator: ".", maxSplits: 2)
    guard parts.count >= 2, let first = Int(parts[0]),
      let second = Int(parts[1].prefix { $0.isNumber })
    else { return nil }
    self.init(first, second)
  }

  /// In the order of their publication.
  public static func < (a: KernelVersion, b: KernelVersion) -> Bool {
    (a.major, a.minor) < (b.major, b.minor)
  }
}
