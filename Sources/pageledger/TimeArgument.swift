import ArgumentParser

/// A time as the tool prints it: `10.119048000` seconds, or a plain number of the clock's units.
struct TimeArgument: ExpressibleByArgument {
  private let whole: UInt64
  private let nanoseconds: UInt64

  init?(argument: String) {
    let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = Self.number(parts[0]) else { return nil }
    self.whole = whole
    guard parts.count == 2 else {
      nanoseconds = 0
      return
    }
    guard parts[1].count <= 9, let fraction = Self.number(parts[1]) else { return nil }
    nanoseconds = (parts[1].count..<9).reduce(fraction) { value, _ in value * 10 }
  }

  /// The time in the capture's unit; seconds too large to count are the largest time.
  func units(nanoseconds isNanoseconds: Bool) -> UInt64 {
    guard isNanoseconds else { return whole }
    let scaled = whole.multipliedReportingOverflow(by: 1_000_000_000)
    let sum = scaled.partialValue.addingReportingOverflow(nanoseconds)
    return scaled.overflow || sum.overflow ? .max : sum.partialValue
  }

  private static func number(_ digits: Substring) -> UInt64? {
    digits.allSatisfy { ("0"..."9").contains($0) } ? UInt64(digits) : nil
  }
}
