import LedgerCore
import LedgerInput

/// What a perf stream in pipe mode says before its first sample, taken from a source that cannot go back.
///
/// The recorder writes attributes, features and formats first (tools/perf/builtin-record.c:record__synthesize, 6.1), so that
/// samples can be decoded while the recording goes on.
enum PerfPrelude {
  /// Formats, kallsyms and the list of tasks take far less.
  private static let limit = 1 << 27
  private static let step = 1 << 18

  /// True for the first bytes of a stream of records, as `perf record -o -` writes it.
  static func opens(_ prefix: [UInt8]) -> Bool {
    guard prefix.count >= 16 else { return false }
    let size = prefix[8..<16]
    return prefix.starts(with: "PERFILE2".utf8) && size.elementsEqual([16, 0, 0, 0, 0, 0, 0, 0])
      || prefix.starts(with: "2ELIFREP".utf8) && size.elementsEqual([0, 0, 0, 0, 0, 0, 0, 16])
  }

  /// Reads on behind `prefix` until something was recorded; all bytes so far.
  static func read(_ source: ByteSource, prefix: [UInt8]) throws(CaptureError) -> [UInt8] {
    var bytes = prefix
    var at = 16
    while bytes.count < limit {
      if bytes.withRawSpan({ isOver($0, &at, swapped: prefix[0] == 0x32) }) { break }
      guard try source.read(into: &bytes, count: step) > 0 else { break }
    }
    return bytes
  }

  /// Walks the whole records from `at` on; true at the first that is no description.
  private static func isOver(_ bytes: RawSpan, _ at: inout Int, swapped: Bool) -> Bool {
    while at &+ 12 <= bytes.byteCount {
      let type = bytes.word32(at, swapped)
      var size = Int(bytes.word16(at &+ 6, swapped))
      guard size >= 8, PerfRecord.isPlausible(type) else { return true }
      switch type {
      case PerfRecord.sample, PerfRecord.lost, PerfRecord.lostSamples, PerfRecord.finishedRound,
        PerfRecord.compressed, PerfRecord.compressed2:
        return true
      case PerfRecord.tracingData where size >= 12:
        size &+= Int(bytes.word32(at &+ 8, swapped))
      default: break
      }
      at &+= size
    }
    return false
  }
}
