internal import LedgerCore
internal import Synchronization

/// Which addresses belong to which probed function; answers what a probe means from the address in its record.
public struct ProbeFunctions: Sendable {
  /// Where a function's code lies.
  public struct Extent: Sendable, Equatable {
    /// Name of the function.
    public var function: String
    /// From its first byte to the next symbol.
    public var addresses: Range<UInt64>

    /// The code of `function`.
    public init(function: String, addresses: Range<UInt64>) {
      self.function = function
      self.addresses = addresses
    }
  }

  private struct Key: Hashable {
    var format: Int
    var address: UInt64
  }

  /// Functions that are looked up at the first question, once for all copies.
  private final class Source: Sendable {
    private let load: @Sendable () -> [Extent]
    private let known = Mutex<[Extent]?>(nil)

    init(_ load: @escaping @Sendable () -> [Extent]) { self.load = load }

    var extents: [Extent] {
      known.withLock { known in
        if let known { return known }
        let found = load()
        known = found
        return found
      }
    }
  }

  private let source: Source
  private var plans: [Key: EventPlan] = [:]
  private static let cacheLimit = 256

  /// Functions as the capture's symbols place them; empty when it has none.
  public init(_ extents: [Extent] = []) { source = Source { extents } }

  /// Functions that `load` finds when the first record of a probe asks.
  public init(_ load: @escaping @Sendable () -> [Extent]) { source = Source(load) }

  /// The plan for records of a probe that name this address.
  mutating func plan(
    of format: EventFormat, number: Int, at address: UInt64, version: KernelVersion?
  ) -> EventPlan {
    let key = Key(format: number, address: address)
    if let plan = plans[key] { return plan }
    let kind = format.kind(on: function(of: format, at: address))
    var plan = EventPlan(format, kind: kind, version: version) ?? EventPlan(common: format)
    plan.follow(format)
    plan.resolved = address
    if plans.count >= Self.cacheLimit { plans.removeAll() }
    plans[key] = plan
    return plan
  }

  /// The symbols decide; the event's name does when they do not know the function it suggests.
  private func function(of format: EventFormat, at address: UInt64) -> String {
    let extents = source.extents
    if let extent = extents.first(where: { $0.addresses.contains(address) }) {
      return extent.function
    }
    let suggested = format.suggestedFunction
    // The symbols know it, and place it elsewhere.
    let siblings = ProbeCatalog.siblings(of: suggested)
    return extents.contains { siblings.contains($0.function) } ? "" : suggested
  }
}
