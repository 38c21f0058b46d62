public import LedgerCore
public import LedgerInput

/// Opens a capture, whatever its form: `path` is a file or `-` for standard input.
///
/// Packing (gzip, zstd, xz, bzip2, lz4; tar and zip with one capture) is taken off, up to four layers of at most
/// `expandLimit` bytes each. A trace.dat or perf.data from a pipe or a packed one is copied to a nameless temporary
/// file first, because what it means is told at its end; texts are read as they come. Throws when the input cannot be read or is
/// no capture, with a reason for people.
public func openCapture(
  path: String, detail: ReadDetail, expandLimit: UInt64 = ByteSource.expandLimit
) throws(CaptureError) -> any CaptureReader {
  let layers = try OuterLayers(ByteSource(path: path), limit: expandLimit)
  let reader = try read(layers, detail: detail)
  guard !layers.names.isEmpty else { return reader }
  return UnpackedReader(reader, damage: layers.source.damage, names: layers.names)
}

private func read(_ layers: OuterLayers, detail: ReadDetail) throws(CaptureError)
  -> any CaptureReader
{
  let source = layers.source
  switch layers.kind {
  case .traceDat:
    let file = source.isSeekable ? source : try source.spooled(prefix: layers.prefix)
    return try TraceDatFile(file).reader(detail: detail)
  case .perfData:
    let file = source.isSeekable ? source : try source.spooled(prefix: layers.prefix)
    return try PerfDataReader(source: file, detail: detail)
  case .packed(let packing):
    throw .unsupported(path: source.path, what: "\(packing.rawValue) data in this place")
  case .foreign(let what): throw .notACapture(path: source.path, hint: "it looks like \(what)")
  case .text: return try FtraceTextReader(source: source, prefix: layers.prefix, detail: detail)
  }
}
