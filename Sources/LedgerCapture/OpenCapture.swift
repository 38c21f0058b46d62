public import LedgerCore
import LedgerInput

/// Opens a capture, whatever its form: `path` is a file or `-` for standard input.
///
/// A trace.dat or perf.data from a pipe is copied to a nameless temporary file first, because what it means is told
/// at its end, or its CPUs lie one after another;
/// texts are read as they come. Throws when the input cannot be read or is no capture, with a reason for people.
public func openCapture(path: String, detail: ReadDetail) throws(CaptureError)
  -> any CaptureReader
{
  let source = try ByteSource(path: path)
  var prefix: [UInt8] = []
  while prefix.count < CaptureSniffer.prefixSize {
    let wanted = CaptureSniffer.prefixSize - prefix.count
    guard try source.read(into: &prefix, count: wanted) > 0 else { break }
  }
  guard !prefix.isEmpty else { throw .empty(path: path) }
  switch CaptureSniffer.sniff(prefix) {
  case .traceDat:
    let file = source.isSeekable ? source : try source.spooled(prefix: prefix)
    return try TraceDatReader(source: file, detail: detail)
  case .perfData:
    let file = source.isSeekable ? source : try source.spooled(prefix: prefix)
    return try PerfDataReader(source: file, detail: detail)
  case .packed(let format):
    throw .notACapture(path: path, hint: "compressed with \(format); unpack it first")
  case .foreign(let what): throw .notACapture(path: path, hint: "it looks like \(what)")
  case .text: return try FtraceTextReader(source: source, prefix: prefix, detail: detail)
  }
}
