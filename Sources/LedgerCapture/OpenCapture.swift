public import LedgerCore
import LedgerInput

public func openCapture(path: String, detail: ReadDetail) throws(CaptureError) -> any CaptureReader
{
  let source = try ByteSource(path: path)
  return try FtraceTextReader(source: source, prefix: [], detail: detail)
}
