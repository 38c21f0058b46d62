public import LedgerCore

/// What analyses call proven: rules, and the pages that they name.
public struct Accusations: Sendable {
  /// One rule and pages that it accuses.
  public struct Charge: Sendable, Hashable, CustomStringConvertible {
    /// `PL010`.
    public var rule: String
    /// The finding's sentence.
    public var title: String
    /// All its pages.
    public var pages: [ClosedRange<UInt64>]
    /// The cause, when it is a complaint of the kernel: such a number is printed once, and nothing in a text checks it.
    public var complaint: String?

    /// For people.
    public var description: String {
      let words = pages.prefix(4).map {
        "0x" + String($0.lowerBound, radix: 16) + "-0x" + String($0.upperBound, radix: 16)
      }
      return "\(rule) [\(words.joined(separator: " "))] \(title)"
    }
  }

  /// Each proven finding that is more than information.
  public private(set) var charges: [Charge] = []

  /// Collects them.
  public init(_ analyses: [Analysis]) {
    for finding in analyses.flatMap(\.findings)
    where finding.verdict == .proven && finding.severity > .info {
      charges.append(
        Charge(
          rule: finding.rule, title: finding.title, pages: finding.pageRanges,
          complaint: finding.rule.hasPrefix("PL1") ? finding.id : nil))
    }
  }

  /// Those that `other` does not make: another rule, or another page under the same rule.
  public func beyond(_ other: Accusations) -> [Charge] {
    charges.filter { charge in
      let known = other.charges.filter { $0.rule == charge.rule }
      guard !known.isEmpty else { return true }
      if let complaint = charge.complaint { return !known.contains { $0.complaint == complaint } }
      let ranges = known.flatMap(\.pages)
      return !charge.pages.allSatisfy { range in
        ranges.contains { $0.contains(range.lowerBound) && $0.contains(range.upperBound) }
          || range.count <= 4096 && range.allSatisfy { pfn in ranges.contains { $0.contains(pfn) } }
      }
    }
  }
}
