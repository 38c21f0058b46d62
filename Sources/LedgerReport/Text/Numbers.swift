import LedgerCore

/// Numbers as the text report prints them.
public enum NumberText {
  /// A time as printed: seconds with nine digits when the clock counts nanoseconds, else the raw number.
  public static func time(_ time: UInt64, nanoseconds: Bool) -> String {
    guard nanoseconds else { return String(time) }
    let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    return "\(seconds).\(String(rest).padded(left: 9, with: "0"))"
  }

  /// A time of the capture as above; one of printk as `dmesg` prints it: `[101.002666]`.
  static func time(_ time: UInt64, _ clock: EvidenceClock, nanoseconds: Bool) -> String {
    guard clock != .capture else { return Self.time(time, nanoseconds: nanoseconds) }
    let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    return "[\(seconds).\(String(rest / 1000).padded(left: 6, with: "0"))]"
  }

  /// A number with a comma between groups of three digits.
  public static func grouped(_ number: UInt64) -> String {
    var groups: [String] = []
    var rest = number
    while rest >= 1000 {
      groups.append(String(rest % 1000).padded(left: 3, with: "0"))
      rest /= 1000
    }
    groups.append(String(rest))
    return groups.reversed().joined(separator: ",")
  }

  /// `1 page`, `2 pages`.
  public static func counted(_ number: UInt64, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// A page range, closed: `0x10-0x1f`, or `0x10` for a single page.
  public static func range(_ range: ClosedRange<UInt64>) -> String {
    range.lowerBound == range.upperBound
      ? hex(range.lowerBound) : "\(hex(range.lowerBound))-\(hex(range.upperBound))"
  }

  /// The first `limit` ranges and how many more there are.
  public static func ranges(_ ranges: [ClosedRange<UInt64>], limit: Int) -> String {
    let shown = ranges.prefix(limit).map(range).joined(separator: ", ")
    let hidden = ranges.count - min(limit, ranges.count)
    return hidden == 0 ? shown : "\(shown) and \(counted(UInt64(hidden), "more range"))"
  }
}
