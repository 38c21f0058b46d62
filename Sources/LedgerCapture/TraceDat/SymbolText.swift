import LedgerCore
import Synchronization

/// The kallsyms inside a capture: megabytes that are read once, when the first address asks for a name.
final class SymbolText: Sendable {
  /// Where they begin in the file, for those who tell of damage.
  let offset: UInt64
  private let load: @Sendable () throws(CaptureError) -> [UInt8]
  private let known = Mutex<Result<[UInt8], CaptureError>?>(nil)

  /// Symbols that `load` reads.
  init(at offset: UInt64, _ load: @escaping @Sendable () throws(CaptureError) -> [UInt8]) {
    self.offset = offset
    self.load = load
  }

  /// The text; empty when it cannot be read.
  var bytes: [UInt8] {
    known.withLock { known in
      if case .success(let bytes) = known { return bytes }
      guard known == nil else { return [] }
      do throws(CaptureError) {
        let bytes = try load()
        known = .success(bytes)
        return bytes
      } catch {
        known = .failure(error)
        return []
      }
    }
  }

  /// Why the text could not be read, when it was asked for.
  var failure: CaptureError? {
    known.withLock { known in
      if case .failure(let error) = known { return error }
      return nil
    }
  }
}
