public import LedgerCore
internal import Synchronization

/// What takes one layer of packing off.
///
/// Not meant for two threads at a time; it is handed from one to another as a whole. Damage of the packed data
/// ends the bytes and goes to the account of the input; only an input that cannot be read throws.
protocol ByteLayer: AnyObject, Sendable {
  /// Fills memory that is not empty; returns how many bytes, 0 at the end.
  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int
}

/// How many bytes may still come out of packing; what lies inside an archive shares one.
public final class ExpandBudget: Sendable {
  private let limit: UInt64
  private let given = Mutex<UInt64>(0)

  /// A budget of `limit` bytes.
  public init(_ limit: UInt64) { self.limit = limit }

  /// A budget of the same size of which nothing is spent.
  public func renewed() -> ExpandBudget { ExpandBudget(limit) }

  /// Throws `expandsTooFar` beyond the limit, which is not below `free`.
  func spend(_ count: Int, path: String, free: UInt64 = 0) throws(CaptureError) {
    let isWithin = given.withLock { given in
      given &+= UInt64(count)
      return given <= max(limit, free)
    }
    guard isWithin else { throw .expandsTooFar(path: path, limit: limit) }
  }
}

/// A layer that may give only so many bytes, because a small file can unpack to any size.
final class BoundedLayer: Sendable {
  private let layer: any ByteLayer
  private let path: String
  private let budget: ExpandBudget

  init(_ layer: any ByteLayer, path: String, budget: ExpandBudget) {
    self.layer = layer
    self.path = path
    self.budget = budget
  }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    let got = try unsafe layer.read(to: target)
    try budget.spend(got, path: path)
    return got
  }
}

/// The account of what was lost while packing was taken off; shared by all layers of one input.
public final class DamageLog: Sendable {
  private let ledger = Mutex(LossLedger())
  private let chunks = Mutex(ExpandBudget(ByteSource.expandLimit))
  /// Chunks of a file may give so many times its size, whatever their budget: real ones give a tenth of that.
  private static let ratio: UInt64 = 64

  /// What was lost so far; final when the input is at its end.
  public var losses: LossLedger { ledger.withLock { $0 } }

  /// Bounds what compressed chunks inside the capture may give together.
  public func bound(_ budget: ExpandBudget) { chunks.withLock { $0 = budget } }

  /// Accounts for `count` bytes that a chunk of a file of `size` bytes gave; throws `expandsTooFar`.
  public func spend(_ count: Int, size: UInt64?, path: String) throws(CaptureError) {
    let (free, overflow) = (size ?? 0).multipliedReportingOverflow(by: Self.ratio)
    try chunks.withLock { $0 }.spend(count, path: path, free: overflow ? .max : free)
  }

  /// Gives the account away and starts a new one.
  public func drain() -> LossLedger {
    ledger.withLock { ledger in
      defer { ledger = LossLedger() }
      return ledger
    }
  }

  func add(_ code: LossCode, _ detail: String) {
    ledger.withLock { $0.add(code, detail: detail) }
  }
}
