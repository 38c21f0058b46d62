import LedgerInput

/// How a kernel was configured, as far as a recording depends on it.
public struct KernelConfig: Sendable {
  /// What a line of the configuration says.
  public enum Setting: Sendable {
    /// Part of the kernel.
    case builtIn
    /// A module.
    case module
    /// Not set.
    case off
  }

  private var settings: [String: Setting] = [:]
  /// A configuration of Debian has 300 KB.
  private static let limit = 1 << 24

  /// Names of options that are asked for, without `CONFIG_`.
  static let names: Set<String> = [
    "DEBUG_PAGE_REF", "DRM_TTM", "KPROBE_EVENTS", "KVM", "SPARSEMEM_VMEMMAP",
  ]
  /// The option that each module is made by.
  static let modules = ["kvm": "KVM", "ttm": "DRM_TTM"]

  /// Reads the lines of a configuration; nil when it is none.
  public init?(_ text: [UInt8]) {
    var isConfiguration = false
    WordLines.each(of: text) { words in
      let first = words[0]
      let isComment = first == "#"
      guard let word = isComment ? words.dropFirst().first : first, word.hasPrefix("CONFIG_")
      else { return }
      let parts = word.dropFirst("CONFIG_".count).split(separator: "=", maxSplits: 1)
      guard let name = parts.first.map(String.init) else { return }
      isConfiguration = true
      guard Self.names.contains(name) else { return }
      settings[name] = isComment ? .off : parts.last == "m" ? .module : .builtIn
    }
    guard isConfiguration else { return nil }
  }

  /// The configuration of the kernel below `root`, packed or not: the kernel's own word first.
  init?(root: String, release: String) {
    let places = [
      "/proc/config.gz", "/boot/config-\(release)", "/lib/modules/\(release)/config",
      "/usr/lib/modules/\(release)/config",
    ]
    for place in places where HostFile.exists(root + place) {
      guard let text = try? ByteSource.contents(of: root + place, limit: Self.limit),
        let found = KernelConfig(text)
      else { continue }
      self = found
      return
    }
    return nil
  }

  /// What is said of an option of `names`; an option that no line names depends on one that is not set.
  public subscript(name: String) -> Setting { settings[name] ?? .off }
}
