import LedgerCore
import LedgerInput

/// Finds where each CPU's sub-buffers lie in a version 7 file whose end is missing.
///
/// trace-cmd writes the CPUs one after another, each from a multiple of the sub-buffer size on (trace-cmd 3.1.6,
/// lib/trace-cmd/trace-output.c:tracecmd_write_cpu_data). Sub-buffers carry no CPU number: it is taken from the order.
struct ExtentSearch {
  let source: ByteSource
  let bigEndian: Bool
  let subBuffer: Int
  let compression: Compression

  private static let cpuLimit = 4096

  /// The extents of the CPUs in a section whose contents start at `start`.
  func extents(from start: UInt64) -> [CpuExtent] {
    let fileSize = source.size ?? 0
    var found: [CpuExtent] = []
    var place = start
    while found.count < Self.cpuLimit, let offset = aligned(place), offset < fileSize {
      guard let end = end(of: offset, fileSize), end > offset else { break }
      found.append(
        CpuExtent(
          instance: "", cpu: found.count, offset: offset, size: end &- offset,
          compression: compression, subBuffer: subBuffer))
      place = end
    }
    return found
  }

  private func aligned(_ place: UInt64) -> UInt64? {
    let step = UInt64(max(subBuffer, 1))
    let (sum, over) = place.addingReportingOverflow(step - 1)
    return over ? nil : sum / step * step
  }

  private func end(of offset: UInt64, _ fileSize: UInt64) -> UInt64? {
    var cursor = ByteCursor(source, range: offset..<fileSize, bigEndian: bigEndian)
    let end = compression == .none ? try? pagesEnd(&cursor) : try? chunksEnd(&cursor)
    return end ?? nil
  }

  /// Behind the last chunk of a CPU, or the end of the file when the chunks go on beyond it.
  private func chunksEnd(_ cursor: inout ByteCursor) throws(CaptureError) -> UInt64? {
    let count = try cursor.u32("chunks")
    guard count > 0, UInt64(count) <= cursor.remaining / 8 &+ 1 else { return nil }
    for _ in 0..<count {
      guard cursor.remaining >= 8 else { return cursor.offset &+ cursor.remaining }
      let packed = try cursor.u32("chunk")
      let size = try cursor.u32("chunk")
      guard packed > 0, size > 0, Int(size) % subBuffer == 0 else { return nil }
      guard UInt64(packed) <= cursor.remaining else { return cursor.offset &+ cursor.remaining }
      try cursor.skip(UInt64(packed), "chunk")
    }
    return cursor.offset
  }

  /// Behind the last sub-buffer before time jumps back, which is where the next CPU starts.
  private func pagesEnd(_ cursor: inout ByteCursor) throws(CaptureError) -> UInt64? {
    var last: UInt64 = 0
    while cursor.remaining >= UInt64(subBuffer) {
      let time = try cursor.u64("sub-buffer")
      guard time >= last, time > 0 else { return cursor.offset &- 8 }
      last = time
      try cursor.skip(UInt64(subBuffer) &- 8, "sub-buffer")
    }
    return last == 0 ? nil : cursor.offset
  }
}
