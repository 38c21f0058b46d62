import LedgerFormat
import LedgerInput

/// Recognises what an interrupted `trace-cmd record` leaves behind, such as `trace.dat.cpu0`: sub-buffers without a header.
enum LeftOver {
  /// Says what to do with it.
  static let advice =
    "raw sub-buffers of one CPU without event formats, as an interrupted trace-cmd record leaves them in trace.dat.cpu0; "
    + "put those of all CPUs together with trace-cmd restore"

  /// Machines' page sizes at most; what is larger cannot be checked with the first bytes.
  private static let size = 4096

  /// True if the first bytes of a file are a sub-buffer whose records fill exactly what it claims.
  static func starts(_ prefix: [UInt8]) -> Bool {
    guard prefix.count >= 64 else { return false }
    for bigEndian in [false, true] {
      for long in [8, 4] where isSubBuffer(prefix, PageHeader(size: size, long: long), bigEndian) {
        return true
      }
    }
    return false
  }

  private static func isSubBuffer(_ prefix: [UInt8], _ page: PageHeader, _ bigEndian: Bool) -> Bool
  {
    prefix.withRawSpan { bytes in
      let used = page.commit(bytes, at: 0, bigEndian: bigEndian)
      guard used >= 12, page.data + used <= min(bytes.byteCount, size) else { return false }
      var walk = RecordWalk(
        bytes, ticks: 0, from: page.data, count: used, bigEndian: bigEndian)
      var records = 0
      while walk.next(bytes) != nil { records += 1 }
      return walk.isWhole && records > 0
    }
  }
}
