public import LedgerCore
public import LedgerInput

/// Opens the one capture that `path` leads to: a file, `-` for standard input, a folder, or `archive!member`.
///
/// See `CaptureWalk` for what is unpacked and how. A packed text that may hold the buffers of several CPUs one behind the other is
/// copied to a nameless temporary file first. Throws when the input cannot be read, holds no capture, or holds several: then the
/// error names them.
public func openCapture(
  path: String, detail: ReadDetail, expandLimit: UInt64 = ByteSource.expandLimit
) throws(CaptureError) -> any CaptureReader {
  let walk = CaptureWalk(path: path, detail: detail, expandLimit: expandLimit)
  var reader: (any CaptureReader)?
  var failure: CaptureError?
  var names: [String] = []
  walk.forEach { found in
    guard found.isOnly else {
      names.append(names.count < namesShown ? found.name : "and more")
      return names.count <= namesShown
    }
    do throws(CaptureError) { reader = try found.open(detail) } catch { failure = error }
    return true
  }
  if let failure { throw failure }
  if let reader { return reader }
  throw .ambiguous(path: path, candidates: names)
}

/// Captures that an error names.
private let namesShown = 8
