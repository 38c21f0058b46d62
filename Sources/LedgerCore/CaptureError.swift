/// Why a capture cannot be read at all. A damaged piece of a readable capture is a `Loss` instead.
public enum CaptureError: Error, Sendable, Equatable {
  case cannotOpen(path: String, reason: String)
  case readFailed(path: String, offset: UInt64, reason: String)
  case empty(path: String)
  case notACapture(path: String, hint: String)
  case unsupported(path: String, what: String)
  case headerTruncated(path: String, offset: UInt64, what: String)
  case headerCorrupt(path: String, offset: UInt64, what: String)
  case cannotSpool(reason: String)
  /// Packed data grows beyond what the user allows, in bytes.
  case expandsTooFar(path: String, limit: UInt64)

  /// The path leads to several captures, of which one must be named.
  case ambiguous(path: String, candidates: [String])

  /// One line for a terminal: lower case, no final period, with the numbers that matter.
  public var message: String {
    switch self {
    case .cannotOpen(let path, let reason): "\(path): cannot open: \(reason)"
    case .readFailed(let path, let offset, let reason):
      "\(path): read failed at offset \(offset): \(reason)"
    case .empty(let path): "\(path): the file is empty"
    case .notACapture(let path, let hint): "\(path): not a capture that pageledger knows: \(hint)"
    case .unsupported(let path, let what): "\(path): \(what) is not supported"
    case .headerTruncated(let path, let offset, let what):
      "\(path): the file ends at offset \(offset), inside \(what)"
    case .headerCorrupt(let path, let offset, let what):
      "\(path): \(what) at offset \(offset) is corrupt"
    case .cannotSpool(let reason): "cannot spool the capture to a temporary file: \(reason)"
    case .expandsTooFar(let path, let limit):
      "\(path): unpacks to more than \(limit) bytes; raise --max-expand"
    case .ambiguous(let path, let candidates):
      "\(path): holds several captures, name one: " + candidates.joined(separator: ", ")
    }
  }
}
