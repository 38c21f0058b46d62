/// Kernel releases, for the few questions that no event format answers.
enum KernelRelease {
  /// True if the release (`6.1.192-pglab`) is known to be older than `major.minor`.
  static func isBefore(_ major: Int, _ minor: Int, _ release: String) -> Bool {
    let parts = release.split(separator: ".", maxSplits: 2)
    guard parts.count >= 2, let first = Int(parts[0]) else { return false }
    guard let second = Int(parts[1].prefix { $0.isNumber }) else { return false }
    return (first, second) < (major, minor)
  }
}
