import Foundation
import HardeningSupport

/// The reader that this process feeds, by the variable `PAGELEDGER_FUZZ_TARGET`.
enum Feed {
  static let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["PAGELEDGER_FUZZ_TARGET"] ?? ""
    if let target = FuzzTarget(rawValue: name) { return target }
    print("PAGELEDGER_FUZZ_TARGET is one of", FuzzTarget.allCases.map(\.rawValue))
    exit(64)
  }()
}

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func feed(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  Feed.target.feed(Array(UnsafeBufferPointer(start: bytes, count: size)))
  return 0
}
