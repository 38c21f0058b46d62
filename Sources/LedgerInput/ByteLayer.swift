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

/// A layer that may give only so many bytes, because a small file can unpack to any size.
final class BoundedLayer: @unchecked Sendable {
  private let layer: any ByteLayer
  private let path: String
  private let limit: UInt64
  private var given: UInt64 = 0

  init(_ layer: any ByteLayer, path: String, limit: UInt64) {
    self.layer = layer
    self.path = path
    self.limit = limit
  }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    let got = try unsafe layer.read(to: target)
    given &+= UInt64(got)
    guard given <= limit else { throw .expandsTooFar(path: path, limit: limit) }
    return got
  }
}

/// The account of what was lost while packing was taken off; shared by all layers of one input.
public final class DamageLog: Sendable {
  private let ledger = Mutex(LossLedger())

  /// What was lost so far; final when the input is at its end.
  public var losses: LossLedger { ledger.withLock { $0 } }

  func add(_ code: LossCode, _ detail: String) {
    ledger.withLock { $0.add(code, detail: detail) }
  }
}
