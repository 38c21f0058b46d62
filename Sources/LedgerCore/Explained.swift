/// A pattern that looks wrong and is legal, and how often the capture shows it.
public struct Explained: Sendable, Equatable {
  /// `head-held-while-freed`.
  public var name: String
  /// Why it is legal, in a sentence.
  public var reason: String
  /// How often it was seen.
  public var count: UInt64
  /// Time of the first, in the unit of the capture.
  public var firstTime: UInt64
  /// The page of the first.
  public var pfn: UInt64

  /// A row of the table of patterns.
  public init(name: String, reason: String, count: UInt64, firstTime: UInt64, pfn: UInt64) {
    self.name = name
    self.reason = reason
    self.count = count
    self.firstTime = firstTime
    self.pfn = pfn
  }
}
